"""Map a label ("Three-Quarter Sleeves") to the vocabulary words whose mean score is the label's score."""

from collections.abc import Mapping

from weft.text.inflection import iter_number_forms
from weft.text.known_words import cut_into_known_words
from weft.text.scripts import find_script, split_by_script
from weft.text.tokenize import is_word, load_stop_words, tokenize_query


def label_to_word_ids(label: str, word_to_id: Mapping[str, int], *, split_compounds: bool = False) -> list[int]:
    """Return the word ids of a label, each once, in order; empty if the vocabulary has none of its words.

    The label is tokenised as product texts are. A word that the vocabulary lacks is replaced by the first of these
    that the vocabulary has: the plural or singular ("tunic" for "tunics"); the same letters, or their plural or
    singular, with or without hyphens ("t-shirts" for "tshirts"); the parts of the compound ("tie", "neck" for
    "tie-neck"; 블랙, 원피스 for 블랙원피스를). Stop words and words without a replacement are left out.

    Args:
        label: The label as a person or a data set writes it.
        word_to_id: Word -> word_id.
        split_compounds: Whether a compound in an alphabet is split too ("kurz", "arm", "shirt" for "Kurzarmshirt").
            The published labels of a benchmark are not split.
    """
    found: dict[int, None] = {}
    for token in tokenize_query(label):
        for word in split_by_script(token):
            if is_word(word) and word not in load_stop_words():
                ids = _find_word_ids(word, word_to_id)
                if not ids and (split_compounds or find_script(word) != "alphabet"):
                    ids = _find_part_ids(word, word_to_id)
                found.update(dict.fromkeys(ids))
    return list(found)


def _find_part_ids(word: str, word_to_id: Mapping[str, int]) -> list[int]:
    """Return the ids of the known parts of a word, or of what follows an elision ("l'abito")."""
    _, apostrophe, rest = word.rpartition("'")
    if apostrophe:
        return _find_word_ids(rest, word_to_id)
    return [word_to_id[part] for part in cut_into_known_words(word, word_to_id)]


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
