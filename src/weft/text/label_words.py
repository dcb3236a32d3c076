"""Map a label ("Three-Quarter Sleeves") to the vocabulary words by which it is scored."""

from collections.abc import Mapping
from dataclasses import dataclass

from weft.text.inflection import iter_number_forms
from weft.text.known_words import cut_into_known_words
from weft.text.scripts import find_script, split_by_script
from weft.text.tokenize import is_word, load_stop_words, tokenize_query

NEGATIONS = frozenset({"no", "non", "none", "nor", "not", "neither", "without"})
"""Function words without which a label means the opposite; texts of products are read without them."""


@dataclass(frozen=True)
class LabelWords:
    """What the vocabulary knows of a label."""

    word_ids: list[int]
    """Each once, in order; empty if the vocabulary has none of the label's words."""
    unknown: list[str]
    """The words that the vocabulary lacks and that distinguish the label from others, each once, in order."""


def find_label_words(label: str, word_to_id: Mapping[str, int], *, split_compounds: bool = False) -> LabelWords:
    """Return the words of a label that the vocabulary has, and those that it lacks.

    The label is tokenised as product texts are. A word that the vocabulary lacks is replaced by the first of these
    that the vocabulary has: the plural or singular ("tunic" for "tunics"); the same letters, or their plural or
    singular, with or without hyphens ("t-shirts" for "tshirts"); the parts of the compound ("tie", "neck" for
    "tie-neck"; 블랙, 원피스 for 블랙원피스를). A word without a replacement is unknown, and so are negations ("no" of
    "No Sleeves"); other stop words are left out.

    Args:
        label: The label as a person or a data set writes it.
        word_to_id: Word -> word_id.
        split_compounds: Whether a compound in an alphabet is split too ("kurz", "arm", "shirt" for "Kurzarmshirt").
            The published labels of a benchmark are not split.
    """
    found: dict[int, None] = {}
    unknown: dict[str, None] = {}
    for token in tokenize_query(label):
        for word in split_by_script(token):
            if not is_word(word) or (word in load_stop_words() and word not in NEGATIONS):
                continue
            ids, missing = _find_word_ids(word, word_to_id)
            if not ids and (split_compounds or find_script(word) != "alphabet"):
                ids = _find_part_ids(word, word_to_id)
                missing = [] if ids else missing
            found.update(dict.fromkeys(ids))
            unknown.update(dict.fromkeys(missing))
    return LabelWords(list(found), list(unknown))


def label_to_word_ids(label: str, word_to_id: Mapping[str, int], *, split_compounds: bool = False) -> list[int]:
    """Return the word ids of a label or of a text query, as `find_label_words` finds them."""
    return find_label_words(label, word_to_id, split_compounds=split_compounds).word_ids


def _find_part_ids(word: str, word_to_id: Mapping[str, int]) -> list[int]:
    """Return the ids of the known parts of a word, or of what follows an elision ("l'abito")."""
    _, apostrophe, rest = word.rpartition("'")
    if apostrophe:
        return _find_word_ids(rest, word_to_id)[0]
    return [word_to_id[part] for part in cut_into_known_words(word, word_to_id)]


def _find_word_ids(word: str, word_to_id: Mapping[str, int]) -> tuple[list[int], list[str]]:
    """Return the ids of a word or of its parts, and what of it is unknown."""
    for form in iter_number_forms(word):
        if form in word_to_id:
            return [word_to_id[form]], []
    unhyphenated = {form.replace("-", "") for form in iter_number_forms(word)}
    candidates = [known for known in word_to_id if known.replace("-", "") in unhyphenated]
    if candidates:
        return [min(word_to_id[known] for known in candidates)], []
    if "-" not in word:
        return [], [word]
    found = [_find_word_ids(part, word_to_id) for part in word.split("-") if len(part) > 1]
    ids = [number for part_ids, _ in found for number in part_ids]
    return ids, [part for _, missing in found for part in missing] if ids else [word]
