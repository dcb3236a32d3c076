"""The whole report of a run: results.md, index.html and the numbers of its curves."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from weft import tables
from weft.report.audit import read_findings
from weft.report.breakdowns import Recall, read_confusions, read_facets, read_nearest_words, read_recall
from weft.report.calibration import Thresholds, read_calibrated, read_thresholds, read_word_map
from weft.report.examples import Album, read_examples
from weft.report.html import BenchmarkPart, PipelinePart, render_page
from weft.report.markdown import results_markdown
from weft.report.pipeline import read_crawl, read_history, read_words_part
from weft.report.provenance import read_provenance
from weft.report.readers import Sources
from weft.report.tables import read_results

RESULTS = "results.md"
PAGE = "index.html"
METRICS = "metrics.json"
RECALL = "recall_at_k.csv"
RELIABILITY = "reliability.csv"


def write_report(benchmarks: Sequence[str], sources: Sources, out: Path) -> dict[str, float]:
    """Read the outs of all stages and write the folder `out`.

    Args:
        benchmarks: Names, in the order to show; each has a folder in `sources.benchmarks`.
        sources: What the stages before wrote.
        out: A folder, replaced whole: results.md, index.html, for `dvc metrics` metrics.json, for `dvc plots`
            recall_at_k.csv (of the first benchmark that searches) and reliability.csv.

    Returns:
        What the report holds: benchmarks, tables, photos, page_bytes.

    Raises:
        ContractError: An input is missing or not what its stage should have written.
    """
    album = Album()
    parts = [_part(sources.benchmarks / name, album) for name in benchmarks]
    pipeline = _pipeline(sources, album)
    page = render_page(parts, pipeline, album)
    recalls = [recall for part in parts for recall in part.recalls]
    with tables.atomic_write(out) as temporary:
        temporary.mkdir()
        (temporary / RESULTS).write_text(results_markdown([part.results for part in parts]), encoding="utf-8")
        (temporary / PAGE).write_text(page, encoding="utf-8")
        (temporary / METRICS).write_text(_metrics(parts, pipeline.thresholds), encoding="utf-8")
        (temporary / RECALL).write_text(_recall_csv(recalls), encoding="utf-8")
        (temporary / RELIABILITY).write_text(_reliability_csv(pipeline.thresholds), encoding="utf-8")
    return {
        "benchmarks": len(parts),
        "tables": sum(len(part.results.tables) for part in parts),
        "photos": len(album.photos),
        "page_bytes": len(page.encode()),
    }


def _part(folder: Path, album: Album) -> BenchmarkPart:
    results = read_results(folder)
    rows = list(dict.fromkeys(row for table in results.tables.values() for row in table))
    return BenchmarkPart(
        results,
        read_examples(folder, rows, album),
        read_nearest_words(folder),
        read_facets(folder, results),
        tuple(read_recall(folder, rows)),
        read_confusions(folder),
    )


def _pipeline(sources: Sources, album: Album) -> PipelinePart:
    histories = tuple(
        read_history(stage, folder / "history.csv")
        for stage, folder in {"train_head": sources.words, "finetune": sources.model}.items()
    )
    calibrated = read_calibrated(sources.calibration)
    return PipelinePart(
        read_provenance(sources, histories[-1]),
        read_crawl(sources.crawl),
        read_words_part(sources.clean, sources.vocabulary, sources.words),
        read_word_map(sources.calibration),
        histories,
        read_thresholds(sources.calibration, calibrated),
        read_findings(sources.audit, album),
    )


def _metrics(parts: Sequence[BenchmarkPart], thresholds: Thresholds) -> str:
    """The tables of all benchmarks and what the thresholds reach, without what is no metric: for comparing runs."""
    values: dict[str, object] = {part.results.benchmark: part.results.tables for part in parts}
    return json.dumps({**values, "thresholds": thresholds.totals}, indent=1, ensure_ascii=False) + "\n"


def _recall_csv(recalls: Sequence[Recall]) -> str:
    """A column for k and one per model; only the header where nothing was searched for."""
    curves: Mapping[str, list[tuple[float, float]]] = recalls[0].curves if recalls else {}
    rows = zip(*curves.values(), strict=True)
    return _csv(["k", *curves], [[int(row[0][0]), *(f"{share:.6f}" for _, share in row)] for row in rows])


def _reliability_csv(thresholds: Thresholds) -> str:
    rows = [
        [
            words,
            row["bin"],
            row["pairs"],
            *("" if row[name] is None else f"{row[name]:.6f}" for name in ("promised", "true")),
        ]
        for words, of in thresholds.reliability
        for row in of
    ]
    return _csv(["words", "bin", "pairs", "promised", "true"], rows)


def _csv(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()
