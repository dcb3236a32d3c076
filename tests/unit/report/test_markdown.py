from hypothesis import given
from hypothesis import strategies as st

from weft.report.markdown import results_markdown
from weft.report.tables import Results

RESULTS = Results(
    benchmark="catalogue",
    reader="catalogue",
    counts={"photos": 12612, "queries": 300},
    notes=("Queries without a positive: 3, left out.",),
    tables={
        "retrieval": {
            "frozen backbone": {"recall_at_1": 0.31249, "map_at_r": 0.2},
            "head only": {"recall_at_1": 0.31249, "map_at_r": 0.2},
            "finetuned": {"recall_at_1": 1.0, "map_at_r": None},
        }
    },
)


def test_a_table_is_aligned_and_values_without_a_proven_gain_have_no_mark():
    table = [line for line in results_markdown([RESULTS]).splitlines() if line.startswith("|")]
    assert table == [
        "|                 | recall at 1 | mAP at R |",
        "| --------------- | ----------: | -------: |",
        "| frozen backbone |        31.2 |     20.0 |",
        "| head only       |        31.2 |     20.0 |",
        "| finetuned       |       100.0 |        - |",
    ]


def test_intervals_gains_losses_and_upper_bounds_are_shown():
    results = Results(
        "b",
        "inshop",
        {"retrieval": {"frozen backbone": {"m": 0.5, "n": 0.5}, "finetuned": {"m": 0.6, "n": 0.4}}},
        intervals={"retrieval": {"finetuned": {"m": (0.55, 0.65)}}},
        differences={
            "retrieval": {"finetuned": {"frozen backbone": {"m": (0.1, 0.05, 0.15), "n": (-0.1, -0.2, -0.05)}}}
        },
        upper_bounds={"retrieval": {"n": 0.9}},
    )
    table = [line for line in results_markdown([results]).splitlines() if line.startswith("|")]
    assert table[3:] == [
        "| finetuned       | **60.0** (55.0–65.0) | 40.0 ↓ |",
        "| *upper bound*   |                100.0 |   90.0 |",
    ]


def test_the_best_and_the_worst_change_come_before_the_tables():
    tables = {
        "retrieval": {"frozen backbone": {"recall_at_10": 0.5}, "finetuned": {"recall_at_10": 0.75}},
        "text_to_product": {"head only": {"recall_at_10": 0.6}, "finetuned": {"recall_at_10": 0.4}},
    }
    differences = {"text_to_product": {"finetuned": {"head only": {"recall_at_10": (-0.2, -0.3, -0.1)}}}}
    text = results_markdown([Results("b", "catalogue", tables, differences=differences)])
    assert "- best change: b, retrieval, recall at 10: 50.0 to 75.0 (+25.0), which may be chance\n" in text
    assert "- worst change: b, text to product, recall at 10: 60.0 to 40.0 (−20.0) ↓, a loss\n" in text
    assert text.index("worst change") < text.index("## b")
    assert "40.0 ↓ |" in text


def test_training_that_did_not_help_is_said_first():
    text = results_markdown([RESULTS], ["Training did not help."])
    assert text.startswith("# Results\n\n**Training did not help.**\n")


def test_rows_counts_and_notes_are_explained():
    text = results_markdown([RESULTS])
    assert "- *finetuned*: network and word embeddings trained together" in text
    assert "products of the test split, which training never uses" in text
    assert "Counts: photos 12,612, queries 300." in text
    assert "- Queries without a positive: 3, left out." in text


def test_every_benchmark_and_table_has_a_heading():
    other = Results("luma", "inshop", {"retrieval": {"a": {"m": 0.1}}, "zero_shot/neck": {"a": {"m": 0.1}}})
    text = results_markdown([RESULTS, other])
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "# Results", "## catalogue", "### Retrieval", "## luma", "### Retrieval", "### Zero shot: neck",
    ]  # fmt: skip


@given(st.text(), st.text(), st.text())
def test_hostile_names_cannot_break_a_table(row, metric, note):
    results = Results("b", "r", {"retrieval": {row: {metric: 0.5}}}, notes=(note,))
    lines = [line for line in results_markdown([results]).split("\n") if line.startswith("|")]
    assert len(lines) == 3
    assert all(line.replace("\\|", "").count("|") == 3 for line in lines)
