import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.report.tables import Results, compare

SHARES = st.floats(0, 1) | st.none()


def make_results(rows, differences=None, **values):
    return Results("b", "r", {"t": rows}, differences={"t": differences or {}}, **values)


def compare_cells(results):
    return [cells[0] for _, cells in compare(results, "t").rows]


def test_differences_are_percentage_points_to_the_frozen_row():
    comparison = compare(
        make_results({"frozen backbone": {"m": 0.5}, "finetuned": {"m": 0.25}, "b": {"m": 0.7512}}), "t"
    )
    assert comparison.baseline == "frozen backbone"
    assert [cells[0].difference for _, cells in comparison.rows] == ["", "−25.0", "+25.1"]


def test_without_paired_intervals_nothing_is_marked():
    rows = {"frozen backbone": {"m": 0.1}, "finetuned": {"m": 0.9}}
    assert [cell.verdict for cell in compare_cells(make_results(rows))] == ["", ""]


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.01, 0.2, "gain"), (-0.2, -0.01, "loss"), (-0.1, 0.1, ""), (0.0, 0.1, ""), (-0.1, 0.0, "")],
)
def test_a_difference_is_marked_only_where_its_interval_excludes_zero(low, high, verdict):
    rows = {"frozen backbone": {"m": 0.5}, "finetuned": {"m": 0.6}}
    differences = {"finetuned": {"frozen backbone": {"m": (0.1, low, high)}}}
    assert [cell.verdict for cell in compare_cells(make_results(rows, differences))] == ["", verdict]


def test_intervals_are_in_percent_and_upper_bounds_appear_where_they_are_below_100():
    rows = {"a": {"m": 0.5, "n": 0.5}}
    results = make_results(rows, intervals={"t": {"a": {"m": (0.41, 0.59)}}}, upper_bounds={"t": {"n": 0.342}})
    comparison = compare(results, "t")
    assert [cell.interval for cell in comparison.rows[0][1]] == ["41.0 to 59.0", ""]
    assert comparison.upper_bounds == ("", "34.2")


def test_a_table_without_a_frozen_row_is_compared_with_its_first_row():
    differences = {"finetuned": {"head only": {"m": (-0.25, -0.4, -0.1)}}}
    comparison = compare(make_results({"head only": {"m": 0.5}, "finetuned": {"m": 0.25}}, differences), "t")
    assert comparison.baseline == "head only"
    assert [(cells[0].difference, cells[0].verdict) for _, cells in comparison.rows] == [("", ""), ("−25.0", "loss")]


def test_a_metric_that_a_row_lacks_is_shown_as_not_measured():
    comparison = compare(make_results({"frozen": {"m": 0.5}, "b": {"n": 0.25}}), "t")
    assert comparison.metrics == ("m", "n")
    assert [[cell.text for cell in cells] for _, cells in comparison.rows] == [["50.0", "-"], ["-", "25.0"]]


@given(st.lists(SHARES, min_size=1, max_size=5))
def test_any_table_can_be_formatted(values):
    cells = compare_cells(make_results({f"row {n}": {"m": value} for n, value in enumerate(values)}))
    assert [cell.text == "-" for cell in cells] == [value is None for value in values]
