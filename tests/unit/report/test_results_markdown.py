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
            "after fit_words": {"recall_at_1": 0.31249, "map_at_r": 0.2},
            "after finetune": {"recall_at_1": 1.0, "map_at_r": None},
        }
    },
)


def test_a_table_is_aligned_and_values_without_a_proven_gain_are_plain():
    table = [line for line in results_markdown([RESULTS]).splitlines() if line.startswith("|")]
    assert table == [
        "|                 | recall at 1 | mAP at R |",
        "| --------------- | ----------: | -------: |",
        "| frozen backbone |        31.2 |     20.0 |",
        "| after fit_words |        31.2 |     20.0 |",
        "| after finetune  |       100.0 |        - |",
    ]


def test_intervals_proven_gains_losses_and_ceilings_are_told():
    results = Results(
        "b",
        "inshop",
        {"retrieval": {"frozen backbone": {"m": 0.5, "n": 0.5}, "after finetune": {"m": 0.6, "n": 0.4}}},
        intervals={"retrieval": {"after finetune": {"m": (0.55, 0.65)}}},
        differences={
            "retrieval": {"after finetune": {"frozen backbone": {"m": (0.1, 0.05, 0.15), "n": (-0.1, -0.2, -0.05)}}}
        },
        ceilings={"retrieval": {"n": 0.9}},
    )
    table = [line for line in results_markdown([results]).splitlines() if line.startswith("|")]
    assert table[3:] == [
        "| after finetune  | **60.0** (55.0–65.0) | 40.0 ↓ |",
        "| *at most*       |                100.0 |   90.0 |",
    ]


def test_it_says_what_rows_mean_what_was_measured_and_on_what():
    text = results_markdown([RESULTS])
    assert "- *after finetune*: network and word embeddings trained together" in text
    assert "products of the test split, never trained on" in text
    assert "Counts: photos 12,612, queries 300." in text
    assert "- Queries without a positive: 3, left out." in text


def test_every_benchmark_and_table_has_a_heading():
    other = Results("luma", "inshop", {"retrieval": {"a": {"m": 0.1}}, "labels/neck": {"a": {"m": 0.1}}})
    text = results_markdown([RESULTS, other])
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "# Results", "## catalogue", "### Retrieval", "## luma", "### Retrieval", "### Labels: neck",
    ]  # fmt: skip


@given(st.text(), st.text(), st.text())
def test_hostile_names_cannot_break_a_table(row, metric, note):
    results = Results("b", "r", {"retrieval": {row: {metric: 0.5}}}, notes=(note,))
    lines = [line for line in results_markdown([results]).split("\n") if line.startswith("|")]
    assert len(lines) == 3
    assert all(line.replace("\\|", "").count("|") == 3 for line in lines)
