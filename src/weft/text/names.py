"""The names of brands and shops in a product's own text: they say who sells it, not what it looks like."""

from collections.abc import Iterable, Sequence


def is_also_a_word(name: Sequence[str], described_by: Iterable[Sequence[str]]) -> bool:
    """Whether a name of one word is among the words that describe the product, as for an orange top by Orange.

    Args:
        name: The pieces of a brand's or shop's name.
        described_by: The pieces of the product's colour and of each step of its category paths. A step that is the
            name alone ("Brands > Nike") is the name again and does not count, unless it is not the only one.
    """
    return len(name) == 1 and any(name[0] in words for words in described_by)


def places_of(name: Sequence[str], pieces: Sequence[str]) -> set[int]:
    """The positions in `pieces` that a name takes up, wherever all its pieces stand in order.

    A final s counts for nothing: the brand Levis is "levi's" in running text, and so "levi" without its possessive.
    """
    wanted = [_stem(piece) for piece in name]
    if not wanted:
        return set()
    found: set[int] = set()
    first, length = wanted[0], len(wanted)
    for start, piece in enumerate(pieces):
        if piece.startswith(first) and [_stem(p) for p in pieces[start : start + length]] == wanted:
            found.update(range(start, start + length))
    return found


def _stem(piece: str) -> str:
    return piece.removesuffix("s") or piece
