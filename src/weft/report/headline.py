"""The headline metrics: a few short numbers of a run, for `dvc metrics`, `dvc exp show` and MLflow."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from weft import tables
from weft.contracts.tables import FINETUNED
from weft.report.calibration import read_calibration
from weft.report.provenance import read_provenance
from weft.report.readers import ReportInputs
from weft.report.tables import Results, read_results

_SOURCES = {
    "r10": ("retrieval", "recall_at_10"),
    "map_r": ("retrieval", "map_at_r"),
    "top1": ("zero_shot/", "top_1_accuracy"),
    "tag_p5": ("tagging", "precision_at_5"),
    "text_p10": ("text_to_photo", "precision_at_10"),
    "text_r10": ("text_to_product", "recall_at_10"),
}
"""The table and the metric of each share. With `words` and `epoch` they fill a terminal of 100 columns in `dvc metrics
show`, so there are at most eight, with names of at most eight characters and three digits."""


def write_headline(benchmarks: Sequence[str], inputs: ReportInputs, out: Path) -> dict[str, float]:
    """Write the headline metrics of the finetuned model as one flat JSON object.

    The keys are always the same; the value is null where nothing was measured. r10, map_r, top1, tag_p5, text_p10 and
    text_r10 are shares of the first benchmark that has their table; top1 is the mean over its label sets. `words` is
    the number of words with a threshold, `epoch` the epoch of finetune whose weights were kept.

    Args:
        benchmarks: Names in the order of params.yaml; each has a folder in `inputs.benchmarks`.
        inputs: The output folders of the other stages.
        out: The file to write.

    Returns:
        The metrics that were measured.

    Raises:
        ContractError: An input is missing, or its stage did not write it.
    """
    results = [read_results(inputs.benchmarks / name) for name in benchmarks]
    headline: dict[str, float | None] = {
        name: _mean_of_first_benchmark(results, table, metric) for name, (table, metric) in _SOURCES.items()
    }
    headline["words"] = len(read_calibration(inputs.calibration).calibrated)
    headline["epoch"] = read_provenance(inputs).kept_epoch
    tables.write_text(out, json.dumps(headline, indent=1) + "\n")
    return {name: value for name, value in headline.items() if value is not None}


def _mean_of_first_benchmark(results: Iterable[Results], table: str, metric: str) -> float | None:
    """Return the mean over the tables of this name or beginning, in the first benchmark that has one."""
    for benchmark in results:
        rows = [rows for name, rows in benchmark.tables.items() if name == table or _is_label_set(name, table)]
        values = [value for row in rows if (value := row.get(FINETUNED, {}).get(metric)) is not None]
        if values:
            return round(sum(values) / len(values), 3)
    return None


def _is_label_set(name: str, table: str) -> bool:
    return table.endswith("/") and name.startswith(table)
