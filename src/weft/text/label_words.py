"""A label ("Three-Quarter Sleeves") to the words of the vocabulary by whose mean it is scored."""

from collections.abc import Iterator, Mapping

from weft.text.tokenize import load_stop_words, tokenize_words


def label_to_word_ids(label: str, word_to_id: Mapping[str, int]) -> list[int]:
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
    for word in tokenize_words(label):
        if word not in load_stop_words():
            found.update(dict.fromkeys(_find_word_ids(word, word_to_id)))
    return list(found)


def _find_word_ids(word: str, word_to_id: Mapping[str, int]) -> list[int]:
    for form in _iter_inflections(word):
        if form in word_to_id:
            return [word_to_id[form]]
    unhyphenated = {form.replace("-", "") for form in _iter_inflections(word)}
    candidates = [known for known in word_to_id if known.replace("-", "") in unhyphenated]
    if candidates:
        return [min(word_to_id[known] for known in candidates)]
    if "-" not in word:
        return []
    return [number for part in word.split("-") if len(part) > 1 for number in _find_word_ids(part, word_to_id)]


def _iter_inflections(word: str) -> Iterator[str]:
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
