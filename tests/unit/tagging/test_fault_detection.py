import pytest

from weft.contracts.ground_truth import ProductTruth, TextFault
from weft.tagging.fault_detection import score_audit

RED_SHIRT = frozenset({"red", "shirt", "shirts", "sleeved"})
SAYS_BLUE = TextFault("wrong colour", frozenset({"red"}), frozenset({"blue"}))
SAYS_NO_COLOUR = TextFault("missing colour", frozenset({"red"}), frozenset())


def mismatch(product_id, predicted_word, text_word=None):
    kind = "contradicted" if text_word else "missing"
    return {"product_id": product_id, "kind": kind, "predicted_word": predicted_word, "text_word": text_word}


def test_a_fault_is_found_by_its_true_word_or_its_wrong_word():
    truths = [ProductTruth(f"a/{number}", RED_SHIRT, SAYS_BLUE) for number in range(4)]
    found = [mismatch("a/0", "red", "blue"), mismatch("a/1", "red"), mismatch("a/2", "green", "blue")]
    scores = score_audit([*found, mismatch("a/3", "sleeved")], truths)
    assert (scores["faults"], scores["found"], scores["recall"]) == (4, 3, 0.75)


def test_a_mismatch_is_true_if_the_photos_show_its_word_and_not_the_doubted_one():
    truths = [ProductTruth("a/0", RED_SHIRT, None)]
    true = [mismatch("a/0", "sleeved"), mismatch("a/0", "red", "blue")]
    false = [mismatch("a/0", "green"), mismatch("a/0", "red", "shirt"), mismatch("a/0", "green", "blue")]
    scores = score_audit([*true, *false], truths)
    assert (scores["mismatches"], scores["true_mismatches"], scores["precision"]) == (5, 2, 0.4)
    assert scores["recall"] is None


def test_every_sort_of_fault_has_its_own_recall():
    truths = [ProductTruth("a/0", RED_SHIRT, SAYS_BLUE), ProductTruth("a/1", RED_SHIRT, SAYS_NO_COLOUR)]
    assert score_audit([mismatch("a/1", "red")], truths)["by_sort"] == {
        "missing colour": {"faults": 1, "found": 1, "recall": 1.0},
        "wrong colour": {"faults": 1, "found": 0, "recall": 0.0},
    }


def test_plurals_are_one_word_and_products_without_a_known_truth_do_not_count():
    truths = [ProductTruth("a/0", frozenset({"shirt"}), None)]
    scores = score_audit([mismatch("a/0", "shirts"), mismatch("b/0", "dress")], truths)
    assert (scores["mismatches"], scores["precision"]) == (1, 1.0)


@pytest.mark.parametrize("rows", [[], [mismatch("b/0", "red")]])
def test_an_audit_without_known_products_has_no_ratios(rows):
    counts = dict.fromkeys(("faults", "found", "mismatches", "true_mismatches"), 0)
    assert score_audit(rows, []) == {**counts, "recall": None, "precision": None, "by_sort": {}}
