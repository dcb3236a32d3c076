"""Map a label ("Three-Quarter Sleeves") to the vocabulary words whose mean score is the label's score."""

from collections.abc import Mapping

from weft.text.inflection import iter_number_forms
from weft.text.tokenize import load_stop_words, tokenize_words


def label_to_word_ids(label: str, word_to_id: Mapping[str, int]) -> list[int]:
    """Return the word ids of a label, each once, in order; empty if the vocabulary has none of its words.

    The label is tokenised as product texts are. A word that the vocabulary lacks is replaced by the first of these
    that the vocabulary has: the plural or singular ("tunic" for "tunics"); the same letters, or their plural or
    singular, with or without hyphens ("t-shirts" for "tshirts"); the parts of the compound ("tie", "neck" for
    "tie-neck"). Stop words and words without a replacement are left out.

    Args:
        label: The label as a person or a data set writes it.
        word_to_id: Word -> word_id.
    """
    found: dict[int, None] = {}
    for word in tokenize_words(label):
        if word not in load_stop_words():
            found.update(dict.fromkeys(_find_word_ids(word, word_to_id)))
    return list(found)


def _find_word_ids(word: str, word_to_id: Mapping[str, int]) -> list[int]:
    for form in iter_number_forms(word):
        if form in word_to_id:
            return [word_to_id[form]]
    unhyphenated = {form.replace("-", "") for form in iter_number_forms(word)}
    candidates = [known for known in word_to_id if known.replace("-", "") in unhyphenated]
    if candidates:
        return [min(word_to_id[known] for known in candidates)]
    if "-" not in word:
        return []
    return [number for part in word.split("-") if len(part) > 1 for number in _find_word_ids(part, word_to_id)]
