"""index.html of the report and of the audit: one file without scripts and without requests to other files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weft import tables
from weft.report import glossary
from weft.report.audit import Mismatches, read_mismatches
from weft.report.breakdowns import NearestWords, RecallCurves, SliceConfusions, SliceTable
from weft.report.calibration import Calibration, WordMap
from weft.report.charts import calibration_curve, loss_curve, recall_curve
from weft.report.examples import Examples, RankedExample, RankedPhoto, ThumbnailCache
from weft.report.pipeline import History, ShopCrawl, WordsSection
from weft.report.provenance import Provenance
from weft.report.tables import Cell, Comparison, Results, compare

if TYPE_CHECKING:
    from jinja2 import Environment

PAGE = "index.html"
MAX_TEASER_QUERIES = 3
MAX_TEASER_HITS = 5
_FILTERS = (
    "metric_name",
    "table_title",
    "table_meaning",
    "reader_meaning",
    "correct_photo_meaning",
    "count",
    "percent",
    "join_names",
)
"""Functions of `weft.report.glossary` that the templates use."""


@dataclass(frozen=True)
class BenchmarkSection:
    """The content of the page about one benchmark."""

    results: Results
    examples: Examples
    nearest_words: NearestWords
    slices: dict[str, tuple[SliceTable, ...]]
    """By results table."""
    recall_curves: tuple[RecallCurves, ...]
    confusions: tuple[SliceConfusions, ...]

    @property
    def comparisons(self) -> list[tuple[str, Comparison]]:
        """(Name, formatted table) of each results table."""
        return [(name, compare(self.results, name)) for name in self.results.tables]


@dataclass(frozen=True)
class PipelineSection:
    """The content of the page about the other stages."""

    provenance: Provenance
    shops: tuple[ShopCrawl, ...]
    words: WordsSection
    word_map: WordMap
    histories: tuple[History, ...]
    calibration: Calibration
    mismatches: Mismatches


@dataclass(frozen=True)
class SummaryRow:
    """The first metric of one results table."""

    table: str
    """Benchmark and table."""
    metric: str
    baseline: Cell
    finetuned: Cell


@dataclass(frozen=True)
class Teaser:
    """The queries at the top of the page."""

    reader: str
    queries: tuple[tuple[RankedExample, tuple[RankedPhoto, ...]], ...]
    """(Query, first photos that the finetuned model finds)."""


def render_page(benchmarks: Sequence[BenchmarkSection], pipeline: PipelineSection, thumbnails: ThumbnailCache) -> str:
    """Return the whole page.

    Shop texts can be hostile: all text from files is escaped, and the Content-Security-Policy of the page forbids
    scripts and requests.

    Args:
        benchmarks: The benchmarks in the order of the page.
        pipeline: The other stages.
        thumbnails: All photos that `benchmarks` and `pipeline` refer to.
    """
    from markupsafe import Markup

    comparisons = [comparison for section in benchmarks for _, comparison in section.comparisons]
    curves = {
        group: [(row["mean_predicted"], row["fraction_positive"]) for row in bins if row["count"]]
        for group, bins in pipeline.calibration.curves
    }
    return (
        page_environment()
        .get_template("page.html")
        .render(
            style=page_style(),
            benchmarks=benchmarks,
            pipeline=pipeline,
            summary_rows=[row for section in benchmarks for row in _summary_rows(section)],
            teaser=_build_teaser(benchmarks),
            row_meanings=glossary.row_meanings(_unique(row for table in comparisons for row, _ in table.rows)),
            metric_meanings=glossary.metric_meanings(
                _unique(metric for table in comparisons for metric in table.metrics)
            ),
            # matplotlib draws these from our own numbers and from names of stages, models and metrics: safe markup.
            losses=[(history, Markup(loss_curve(history))) for history in pipeline.histories],
            recall_charts=[
                (section.results.benchmark, recall, Markup(recall_curve(recall.distinct_curves(), f"recall-{n}-{m}")))
                for n, section in enumerate(benchmarks)
                for m, recall in enumerate(section.recall_curves)
            ],
            calibration_chart=Markup(calibration_curve(curves, "calibration")),
            map_picture=Markup(pipeline.word_map.picture),
            thumbnails=thumbnails,
        )
    )


def page_environment() -> "Environment":
    """Return the Jinja environment of the templates: it escapes all values and refuses unknown names."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("weft.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in _FILTERS:
        environment.filters[name] = getattr(glossary, name)
    return environment


def page_style() -> Any:
    """Return the style sheet as markup."""
    from markupsafe import Markup

    return Markup(resources.files("weft.report").joinpath("templates/page.css").read_text(encoding="utf-8"))


def write_audit_page(audit: Path) -> Path:
    """Write index.html into the output folder of audit.

    Returns:
        The path of the page.

    Raises:
        ContractError: mismatches.parquet is missing or broken.
    """
    thumbnails = ThumbnailCache()
    mismatches = read_mismatches(audit, thumbnails)
    template = page_environment().get_template("audit.html")
    page = template.render(style=page_style(), mismatches=mismatches, thumbnails=thumbnails)
    tables.write_text(audit / PAGE, page)
    return audit / PAGE


def _summary_rows(section: BenchmarkSection) -> list[SummaryRow]:
    """Return the first metric of each results table: the baseline and the finetuned model."""
    summary = []
    for name, comparison in section.comparisons:
        rows = dict(comparison.rows)
        if glossary.FINETUNED not in rows or not comparison.metrics:
            continue
        baseline, finetuned = rows[comparison.baseline][0], rows[glossary.FINETUNED][0]
        if finetuned.difference:
            table = f"{section.results.benchmark}, {glossary.table_title(name).lower()}"
            summary.append(SummaryRow(table, glossary.metric_name(comparison.metrics[0]), baseline, finetuned))
    return summary


def _build_teaser(benchmarks: Sequence[BenchmarkSection]) -> Teaser | None:
    """Return a few typical queries; benchmarks with product retrieval are preferred to benchmarks with labels."""
    for section in sorted(benchmarks, key=lambda section: not section.recall_curves):
        if section.examples.ranked:
            queries = (section.examples.typical_ranked or section.examples.ranked)[:MAX_TEASER_QUERIES]
            return Teaser(section.results.reader, tuple((query, _finetuned_hits(query)) for query in queries))
    return None


def _finetuned_hits(query: RankedExample) -> tuple[RankedPhoto, ...]:
    by_model = dict(query.ranked_lists)
    return by_model.get(glossary.FINETUNED, query.ranked_lists[-1][1])[:MAX_TEASER_HITS]


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
