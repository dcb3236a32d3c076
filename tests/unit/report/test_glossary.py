import pytest

from weft.report.glossary import (
    count,
    join_names,
    join_shops,
    metric_meanings,
    metric_name,
    percent,
    points,
    row_meanings,
    table_title,
)


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0.0"), (1.0, "100.0"), (0.46449, "46.4"), (0.0006, "0.1"), (None, "-")]
)
def test_shares_are_shown_in_percent_with_one_decimal(share, text):
    assert percent(share) == text


@pytest.mark.parametrize(
    ("difference", "text"), [(0.152, "+15.2"), (-0.01, "−1.0"), (0.0, "±0.0"), (-0.0004, "±0.0"), (0.1234, "+12.3")]
)
def test_differences_are_signed_points(difference, text):
    assert points(difference) == text


@pytest.mark.parametrize(
    ("names", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_names_are_joined_as_in_a_sentence(names, text):
    assert join_names(names) == text


def test_many_shops_are_counted():
    assert join_shops(["a", "b"]) == "a and b"
    assert join_shops(list("abcde")) == "5 shops"


@pytest.mark.parametrize(
    ("metric", "name"),
    [
        ("recall_at_10", "recall at 10"),
        ("map_at_r", "mAP at R"),
        ("top_1_accuracy", "top-1 accuracy"),
        ("joint_precision_at_10", "joint precision at 10"),
        ("sleeve_length_precision_at_10", "sleeve length precision at 10"),
        ("recall_all_at_5", "recall of all at 5"),
        ("sleeve_length_accuracy", "sleeve length accuracy"),
        ("unknown_metric", "unknown metric"),
    ],
)
def test_metrics_have_display_names(metric, name):
    assert metric_name(metric) == name


def test_a_kind_of_metric_is_explained_once():
    assert [name for name, _ in metric_meanings(["recall_at_1", "recall_at_10", "other"])] == ["recall at k"]


def test_known_rows_are_explained_in_their_order():
    rows = ["finetuned (kNN tags, k=20)", "mystery", "finetuned", "frozen backbone"]
    meanings = row_meanings(rows)
    assert [row for row, _ in meanings] == [row for row in rows if row != "mystery"]
    assert len({meaning for _, meaning in meanings}) == 3


def test_tables_and_counts_have_display_formats():
    assert table_title("zero_shot/sleeve_length") == "Zero shot: sleeve length"
    assert table_title("tagging") == "Tagging"
    assert count(12612) == "12,612"
    assert count(0.5) == "0.500"
