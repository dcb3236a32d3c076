from weft.report.changes import find_extremes, list_changes
from weft.report.tables import Results


def make_results(tables, differences=None):
    return Results("catalogue", "catalogue", tables, differences=differences or {})


def test_each_metric_of_the_finetuned_model_is_compared_with_the_first_row_of_its_table():
    results = make_results(
        {
            "retrieval": {"frozen backbone": {"recall_at_10": 0.5}, "finetuned": {"recall_at_10": 0.75}},
            "text_to_product": {"head only": {"recall_at_10": 0.6}, "finetuned": {"recall_at_10": 0.4}},
        },
        {"text_to_product": {"finetuned": {"head only": {"recall_at_10": (-0.2, -0.3, -0.1)}}}},
    )
    gain, loss = list_changes([results])
    assert (gain.describe(), gain.verdict) == ("catalogue, retrieval, recall at 10: 50.0 to 75.0 (+25.0)", "")
    assert (loss.describe(), loss.verdict) == ("catalogue, text to product, recall at 10: 60.0 to 40.0 (−20.0)", "loss")


def test_a_table_without_the_finetuned_model_or_with_it_alone_has_no_change():
    tables = {"a": {"frozen backbone": {"m": 0.5}}, "b": {"finetuned": {"m": 0.5}}}
    assert list_changes([make_results(tables)]) == []
    assert find_extremes([]) is None


def test_a_metric_that_was_not_measured_has_no_change():
    table = {"frozen backbone": {"m": None, "n": 0.5}, "finetuned": {"m": 0.5, "n": None}}
    assert list_changes([make_results({"a": table})]) == []


def test_a_proven_change_comes_before_a_larger_one_that_may_be_chance():
    values = {"a": 0.3, "b": 0.2, "c": -0.3, "d": -0.2}
    table = {
        "frozen backbone": dict.fromkeys(values, 0.5),
        "finetuned": {metric: 0.5 + difference for metric, difference in values.items()},
    }
    paired = {"b": (0.2, 0.1, 0.3), "d": (-0.2, -0.3, -0.1)}
    results = make_results({"t": table}, {"t": {"finetuned": {"frozen backbone": paired}}})
    extremes = find_extremes(list_changes([results]))
    assert extremes is not None
    assert [change.metric for change in extremes] == ["b", "d"]
