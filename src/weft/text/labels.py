"""A label ("Three-Quarter Sleeves") to the words of the vocabulary by whose mean it is scored."""

from collections.abc import Iterator, Mapping

from weft.text.stop_words import function_words
from weft.text.tokens import tokens


def label_words(label: str, ids: Mapping[str, int]) -> list[int]:
    """The word ids of a label, each once, in order; empty when the vocabulary knows nothing of it.

    The label is tokenised as products are. A word that the vocabulary lacks is replaced by the first of these that
    it has: the plural or singular ("tunic" for "tunics"), the same letters with another or no hyphen ("t-shirts" for
    "tshirts", with its plural or singular too), the parts of the compound ("tie", "neck" for "tie-neck"). A word
    without any of them is left out, and so are function words.

    Args:
        label: As a person or a data set writes it.
        ids: Word -> word_id.
    """
    found: dict[int, None] = {}
    for word in tokens(label):
        if word not in function_words():
            found.update(dict.fromkeys(_ids_of(word, ids)))
    return list(found)


def _ids_of(word: str, ids: Mapping[str, int]) -> list[int]:
    for form in _numbers_of(word):
        if form in ids:
            return [ids[form]]
    spelled = {form.replace("-", "") for form in _numbers_of(word)}
    alike = [known for known in ids if known.replace("-", "") in spelled]
    if alike:
        return [min(ids[known] for known in alike)]
    if "-" not in word:
        return []
    return [number for part in word.split("-") if len(part) > 1 for number in _ids_of(part, ids)]


def _numbers_of(word: str) -> Iterator[str]:
    """The word, then its plural and singular as English spells most of them."""
    yield word
    if word.endswith("ies"):
        yield word[:-3] + "y"
    if word.endswith("es"):
        yield word[:-2]
    if word.endswith("s") and not word.endswith("ss"):
        yield word[:-1]
    else:
        yield word + "s"
        yield word + "es"
        if word.endswith("y"):
            yield word[:-1] + "ies"
