"""The names of brands and shops in a product's own text: they say who sells it, not what it looks like."""

from collections.abc import Iterable, Sequence


def is_descriptive(name: Sequence[str], descriptive_texts: Iterable[Sequence[str]]) -> bool:
    """Whether a name of one word is among the words that describe the product, as for an orange top by Orange.

    Args:
        name: The pieces of a brand's or shop's name.
        described_by: The pieces of the product's colour and of each step of its category paths. A step that is the
            name alone ("Brands > Nike") is the name again and does not count, unless it is not the only one.
    """
    return len(name) == 1 and any(name[0] in words for words in descriptive_texts)


def match_positions(name: Sequence[str], tokens: Sequence[str]) -> set[int]:
    """The positions in `pieces` that a name takes up, wherever all its pieces stand in order.

    A final s counts for nothing: the brand Levis is "levi's" in running text, and so "levi" without its possessive.
    """
    name_stems = [_stem(token) for token in name]
    if not name_stems:
        return set()
    found: set[int] = set()
    first, length = name_stems[0], len(name_stems)
    for start, token in enumerate(tokens):
        if token.startswith(first) and [_stem(p) for p in tokens[start : start + length]] == name_stems:
            found.update(range(start, start + length))
    return found


def _stem(token: str) -> str:
    return token.removesuffix("s") or token
