from hypothesis import given
from hypothesis import strategies as st

from weft.report.comparison import compare

SHARES = st.floats(0, 1) | st.none()


def test_gains_are_points_above_the_frozen_row():
    shown = compare({"frozen backbone": {"m": 0.5}, "after finetune": {"m": 0.25}, "linear probe": {"m": 0.7512}})
    assert shown.baseline == "frozen backbone"
    assert [cells[0].gain for _, cells in shown.rows] == ["", "−25.0", "+25.1"]


def test_a_table_without_a_frozen_row_has_no_gains():
    shown = compare({"a": {"m": 0.5}, "b": {"m": 0.25}})
    assert shown.baseline is None
    assert all(cell.gain == "" for _, cells in shown.rows for cell in cells)


def test_values_that_look_the_same_are_marked_alike():
    shown = compare({"a": {"m": 0.50001}, "b": {"m": 0.50002}, "c": {"m": 0.1}})
    assert [cells[0].best for _, cells in shown.rows] == [True, True, False]


def test_nothing_is_best_where_rows_do_not_differ():
    shown = compare({"a": {"m": 0.5}, "b": {"m": 0.5}})
    assert not any(cell.best for _, cells in shown.rows for cell in cells)


def test_a_metric_that_a_row_lacks_is_shown_as_not_measured():
    shown = compare({"frozen": {"m": 0.5}, "b": {"n": 0.25}})
    assert shown.metrics == ("m", "n")
    assert [[cell.text for cell in cells] for _, cells in shown.rows] == [["50.0", "-"], ["-", "25.0"]]


@given(st.lists(SHARES, min_size=1, max_size=5))
def test_the_best_value_is_never_below_another(values):
    shown = compare({str(n): {"m": value} for n, value in enumerate(values)})
    cells = [cells[0] for _, cells in shown.rows]
    highest = max((float(cell.text) for cell in cells if cell.text != "-"), default=None)
    assert all(float(cell.text) == highest for cell in cells if cell.best)
