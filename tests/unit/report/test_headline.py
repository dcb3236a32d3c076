import json

from weft.report.headline import write_headline

KEYS = ["r10", "map_r", "top1", "tag_p5", "text_p10", "text_r10", "words", "epoch"]
TERMINAL_WIDTH = 100


def write(inputs, *names):
    path = inputs.folder / "metrics.json"
    measured = write_headline(names, inputs.report_inputs, path)
    values = json.loads(path.read_text())
    assert measured == {name: value for name, value in values.items() if value is not None}
    return values


def test_the_keys_are_the_same_with_and_without_tables(inputs):
    inputs.add("full")
    inputs.add("empty", metrics={"reader": "catalogue", "tables": {}})
    assert list(write(inputs, "full")) == KEYS
    assert list(write(inputs, "empty")) == KEYS


def test_what_was_not_measured_is_null(inputs):
    inputs.add(metrics={"reader": "catalogue", "tables": {"retrieval": {"finetuned": {"map_at_r": None}}}})
    assert write(inputs, "catalogue") == dict.fromkeys(KEYS) | {"words": 1, "epoch": 2}


def test_a_share_is_that_of_the_finetuned_model_with_three_digits(inputs):
    rows = {"frozen backbone": 0.1, "finetuned": 0.46449, "finetuned (kNN tags, k=20)": 0.9}
    tagging = {row: {"precision_at_5": value} for row, value in rows.items()}
    inputs.add(metrics={"reader": "catalogue", "tables": {"tagging": tagging}})
    assert write(inputs, "catalogue")["tag_p5"] == 0.464


def test_a_share_comes_from_the_first_benchmark_that_has_its_table(inputs):
    own, other, last = ({"finetuned": {"recall_at_10": value}} for value in (0.1, 0.2, 0.3))
    inputs.add("own", metrics={"reader": "catalogue", "tables": {"text_to_product": own}})
    inputs.add("other", metrics={"reader": "inshop", "tables": {"retrieval": other}})
    inputs.add("last", metrics={"reader": "inshop", "tables": {"retrieval": last}})
    values = write(inputs, "own", "other", "last")
    assert (values["text_r10"], values["r10"]) == (0.1, 0.2)


def test_the_label_accuracy_is_the_mean_over_the_label_sets(inputs):
    tables = {f"zero_shot/{name}": {"finetuned": {"top_1_accuracy": value}} for name, value in (("a", 0.5), ("b", 0.8))}
    inputs.add(metrics={"reader": "labelled_photos", "tables": tables})
    assert write(inputs, "catalogue")["top1"] == 0.65


def test_the_columns_of_dvc_metrics_show_fit_a_terminal(inputs):
    """Its columns are 4 characters apart; a share needs 5, "0.974"."""
    inputs.add()
    widths = [max(len(key), 5) for key in write(inputs, "catalogue")]
    assert len("reports/metrics.json") + 2 + sum(widths) + 4 * (len(widths) - 1) <= TERMINAL_WIDTH
