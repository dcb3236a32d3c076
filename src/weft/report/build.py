"""Write the report: results.md, index.html, tables.json and the data of its curves."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from weft import tables
from weft.contracts import files
from weft.contracts.tables import FINETUNED, FROZEN, HEAD_ONLY
from weft.report.audit import read_mismatches
from weft.report.breakdowns import (
    RecallCurves,
    read_confusions,
    read_nearest_words,
    read_recall_curves,
    read_slices,
)
from weft.report.calibration import Calibration, read_calibration, read_word_map
from weft.report.changes import list_changes
from weft.report.examples import ThumbnailCache, read_examples
from weft.report.first_screen import describe_problems
from weft.report.html import PAGE, BenchmarkSection, PipelineSection, render_page
from weft.report.markdown import results_markdown
from weft.report.pipeline import read_crawl, read_history, read_words
from weft.report.products import read_products
from weft.report.provenance import read_provenance
from weft.report.readers import ReportInputs
from weft.report.tables import Results, list_metrics, read_results
from weft.report.versions import Versions

RESULTS = "results.md"
TABLES = "tables.json"
RECALL = "recall_at_k.csv"
CALIBRATION_CURVE = "calibration_curve.csv"
RECALL_MODELS = (FROZEN, HEAD_ONLY, FINETUNED)
"""The columns of recall_at_k.csv, always the same: `dvc plots diff` compares files of different runs."""


def write_report(
    benchmarks: Sequence[str],
    inputs: ReportInputs,
    out: Path,
    versions: Versions | None = None,
    headline: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Read the outputs of all stages and write the folder `out` atomically.

    Args:
        benchmarks: Names in the order of the page; each has a folder in `inputs.benchmarks`.
        inputs: The output folders of the other stages.
        out: The output folder: results.md, index.html, tables.json, and for `dvc plots` recall_at_k.csv (of the first
            benchmark with retrieval) and calibration_curve.csv.
        versions: Commit, data and changed parameters, which the page names; unknown if None.
        headline: The metrics of `dvc metrics show`, which the page lists under their short names.

    Returns:
        The numbers of benchmarks, tables and photos, and the size of the page in page_bytes.

    Raises:
        ContractError: An input is missing, or its stage did not write it.
    """
    thumbnails = ThumbnailCache()
    sections = [_read_benchmark(inputs.benchmarks / name, thumbnails) for name in benchmarks]
    pipeline = _read_pipeline(inputs, thumbnails, sections, versions or Versions(), headline or {})
    page = render_page(sections, pipeline, thumbnails)
    results = [section.results for section in sections]
    texts = {
        RESULTS: results_markdown(results, describe_problems(pipeline.provenance, list_changes(results))),
        PAGE: page,
        TABLES: _tables_json(sections, pipeline.calibration),
        RECALL: _recall_csv([recall for section in sections for recall in section.recall_curves]),
        CALIBRATION_CURVE: _calibration_csv(pipeline.calibration),
    }
    with tables.atomic_write(out) as folder:
        folder.mkdir()
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    return {
        "benchmarks": len(sections),
        "tables": sum(len(section.results.tables) for section in sections),
        "photos": len(thumbnails.photos),
        "page_bytes": len(page.encode()),
    }


def _read_benchmark(folder: Path, thumbnails: ThumbnailCache) -> BenchmarkSection:
    results = read_results(folder)
    models = list(dict.fromkeys(row for table in results.tables.values() for row in table))
    return BenchmarkSection(
        results,
        read_examples(folder, models, thumbnails),
        read_nearest_words(folder),
        read_slices(folder, results),
        tuple(read_recall_curves(folder, models)),
        read_confusions(folder),
    )


def _read_pipeline(
    inputs: ReportInputs,
    thumbnails: ThumbnailCache,
    sections: Sequence[BenchmarkSection],
    versions: Versions,
    headline: Mapping[str, float],
) -> PipelineSection:
    mismatches = read_mismatches(inputs.audit, thumbnails)
    product_ids = {mismatch.product_id for mismatch in mismatches.pictured}
    product_ids = product_ids.union(*(section.examples.product_ids() for section in sections))
    histories = tuple(
        read_history(stage, folder / "history.csv")
        for stage, folder in {"train_head": inputs.head, "finetune": inputs.model}.items()
    )
    return PipelineSection(
        read_provenance(inputs),
        versions,
        headline,
        read_crawl(inputs.crawl),
        read_words(inputs.clean, inputs.vocabulary, inputs.head),
        read_word_map(inputs.calibration),
        histories,
        read_calibration(inputs.calibration),
        mismatches,
        read_products(inputs.crawl / files.PRODUCTS, product_ids),
    )


def _tables_json(sections: Sequence[BenchmarkSection], calibration: Calibration) -> str:
    """Return the tables of all benchmarks and the totals of the calibration, to compare runs."""
    values: dict[str, object] = {section.results.benchmark: _fill_tables(section.results) for section in sections}
    return json.dumps({**values, "thresholds": calibration.totals}, indent=1, ensure_ascii=False) + "\n"


def _fill_tables(results: Results) -> dict[str, dict[str, dict[str, float | None]]]:
    """Return the tables with every metric in every row, None where it was not measured."""
    return {
        name: {row: {metric: values.get(metric) for metric in list_metrics(table)} for row, values in table.items()}
        for name, table in results.tables.items()
    }


def _recall_csv(recalls: Sequence[RecallCurves]) -> str:
    """Return one column for k and one for each of RECALL_MODELS; only the header where no benchmark has retrieval."""
    curves: Mapping[str, list[tuple[float, float]]] = recalls[0].curves if recalls else {}
    max_k = max((len(curve) for curve in curves.values()), default=0)
    columns = [[f"{share:.6f}" for _, share in curves.get(model, [])] or [""] * max_k for model in RECALL_MODELS]
    return _format_csv(["k", *RECALL_MODELS], [[k + 1, *(column[k] for column in columns)] for k in range(max_k)])


def _calibration_csv(calibration: Calibration) -> str:
    shares = ("mean_predicted", "fraction_positive")
    rows = [
        [group, row["bin"], row["count"], *("" if row[name] is None else f"{row[name]:.6f}" for name in shares)]
        for group, bins in calibration.curves
        for row in bins
    ]
    return _format_csv(["word_group", "bin", "count", *shares], rows)


def _format_csv(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()
