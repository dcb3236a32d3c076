import pytest

from weft.report.changes import Change
from weft.report.plain_words import choose_metric, describe_change, describe_losses


def make_change(table, metric, before=0.5, after=0.75, verdict="gain", baseline="frozen backbone"):
    return Change("catalogue", "catalogue", table, metric, baseline, before, after, verdict)


@pytest.mark.parametrize(
    ("table", "metric", "text"),
    [
        ("retrieval", "recall_at_1", "Shown a photo, the right product is the first result 75 times of 100"),
        ("retrieval", "recall_at_12", "Shown a photo, the right product is among the first 12 75 times of 100"),
        ("tagging", "precision_at_5", "Of the first five words that it predicts for a photo, 75 of 100 are in the"),
        ("zero_shot/neck", "top_1_accuracy", "Asked for the label of a photo without having learned any label, the"),
        ("label_retrieval", "colour_precision_at_10", "Label retrieval, colour precision at 10: 75 of 100 (50 before"),
    ],
)
def test_a_metric_becomes_a_sentence_or_keeps_its_terms(table, metric, text):
    assert str(describe_change(make_change(table, metric))).startswith(text)


def test_the_baseline_is_named_in_plain_words():
    change = make_change("tagging", "precision_at_5", baseline="frozen backbone (kNN tags, k=20)")
    assert describe_change(change).before == "50 without training, by copying the words of similar photos"


def test_the_metric_nearest_to_ten_is_said():
    changes = [make_change("retrieval", f"recall_at_{k}") for k in (1, 5, 20)] + [make_change("retrieval", "map_at_r")]
    chosen = choose_metric(changes)
    assert chosen is not None
    assert chosen.metric == "recall_at_5"
    assert choose_metric([make_change("retrieval", "map_at_r")]) is None


def test_each_table_with_a_loss_has_one_sentence_and_the_largest_loss_is_first():
    changes = [
        make_change("retrieval", "recall_at_10", 0.5, 0.4, "loss"),
        make_change("tagging", "precision_at_5", 0.5, 0.2, "loss"),
        make_change("tagging", "precision_at_10", 0.5, 0.3, "loss"),
        make_change("text_to_photo", "precision_at_10", 0.5, 0.1, ""),
    ]
    sentences = [str(sentence) for sentence in describe_losses(changes)]
    assert len(sentences) == 2
    assert sentences[0].startswith("Of the first ten words")
    assert sentences[1].startswith("Shown a photo")
