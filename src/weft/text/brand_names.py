"""Find the names of brands and shops in a product's own text: they tell who sells it, not what it looks like."""

from collections.abc import Iterable, Sequence

from weft.text.inflection import strip_final_s


def is_descriptive(name: Sequence[str], descriptive_texts: Iterable[Sequence[str]]) -> bool:
    """Return whether a name of one word also describes the product, as for an orange top by the brand Orange.

    Args:
        name: The tokens of the name of a brand or shop.
        descriptive_texts: The tokens of the product's colour and of each step of its category paths. The caller
            leaves out steps that are the name alone ("Brands > Nike").
    """
    return len(name) == 1 and any(name[0] in words for words in descriptive_texts)


def match_positions(name: Sequence[str], tokens: Sequence[str]) -> set[int]:
    """Return the positions in `tokens` of every place where all tokens of `name` stand in order.

    A final s is ignored: running text writes the brand Levis as "levi's", which is "levi" without its possessive.
    """
    name_stems = [strip_final_s(token) for token in name]
    if not name_stems:
        return set()
    found: set[int] = set()
    first, length = name_stems[0], len(name_stems)
    for start, token in enumerate(tokens):
        if token.startswith(first) and [strip_final_s(p) for p in tokens[start : start + length]] == name_stems:
            found.update(range(start, start + length))
    return found
