"""index.html of the report and of the audit: one file without requests to other files."""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weft import tables
from weft.report import glossary
from weft.report.audit import Mismatches, read_mismatches
from weft.report.breakdowns import NearestWords, RecallCurves, SliceConfusions, SliceTable
from weft.report.calibration import Calibration, WordMap
from weft.report.charts import calibration_curve, loss_curve, recall_curve
from weft.report.examples import Examples, ThumbnailCache
from weft.report.first_screen import build_first_screen
from weft.report.number_forms import drop_plurals
from weft.report.pipeline import History, ShopCrawl, WordsSection
from weft.report.products import ShopProducts, read_products
from weft.report.provenance import Provenance
from weft.report.tables import Comparison, Results, compare
from weft.report.versions import Versions

if TYPE_CHECKING:
    from jinja2 import Environment

PAGE = "index.html"
_FILTERS = (
    "metric_name",
    "table_title",
    "table_meaning",
    "reader_meaning",
    "correct_photo_meaning",
    "row_short_name",
    "count",
    "count_times",
    "percent",
    "join_names",
    "join_shops",
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
    versions: Versions
    headline: Mapping[str, float]
    """The metrics of `dvc metrics show`, by their short names."""
    shops: tuple[ShopCrawl, ...]
    words: WordsSection
    word_map: WordMap
    histories: tuple[History, ...]
    calibration: Calibration
    mismatches: Mismatches
    products: ShopProducts


def render_page(benchmarks: Sequence[BenchmarkSection], pipeline: PipelineSection, thumbnails: ThumbnailCache) -> str:
    """Return the whole page.

    Shop texts can be hostile: all text from files is escaped, and the Content-Security-Policy of the page forbids
    requests and any script but the page's own, which it names by its digest.

    Args:
        benchmarks: The benchmarks in the order of the page.
        pipeline: The other stages.
        thumbnails: All photos that `benchmarks` and `pipeline` refer to.
    """
    comparisons = [comparison for section in benchmarks for _, comparison in section.comparisons]
    first_screen = build_first_screen(
        [(section.results, section.examples) for section in benchmarks],
        pipeline.provenance,
        pipeline.calibration,
        pipeline.mismatches,
    )
    return (
        page_environment()
        .get_template("page.html")
        .render(
            **page_assets(),
            **_draw_charts(benchmarks, pipeline),
            benchmarks=benchmarks,
            pipeline=pipeline,
            products=pipeline.products,
            first_screen=first_screen,
            row_meanings=glossary.row_meanings(_unique(row for table in comparisons for row, _ in table.rows)),
            metric_meanings=glossary.metric_meanings(
                _unique(metric for table in comparisons for metric in table.metrics)
            ),
            thumbnails=thumbnails,
        )
    )


def _draw_charts(benchmarks: Sequence[BenchmarkSection], pipeline: PipelineSection) -> dict[str, Any]:
    """Return the charts, which matplotlib draws from our own numbers and names: they are safe markup."""
    from markupsafe import Markup

    curves = {
        name: [(row["mean_predicted"], row["fraction_positive"]) for row in bins]
        for name, bins in pipeline.calibration.shown_curves()
    }
    return {
        "losses": [(history, Markup(loss_curve(history))) for history in pipeline.histories],
        "recall_charts": [
            (section.results.benchmark, recall, Markup(recall_curve(recall.distinct_curves(), f"recall-{n}-{m}")))
            for n, section in enumerate(benchmarks)
            for m, recall in enumerate(section.recall_curves)
        ],
        "calibration_chart": Markup(calibration_curve(curves, "calibration")) if curves else "",
        "map_picture": Markup(pipeline.word_map.picture),
    }


@cache
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
    environment.filters["without_plurals"] = drop_plurals
    for name in _FILTERS:
        environment.filters[name] = getattr(glossary, name)
    return environment


def page_assets() -> dict[str, Any]:
    """Return style sheet and script as markup, and the policy that allows this script and no other."""
    from markupsafe import Markup

    script = _read_template("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    policy = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    return {"style": Markup(_read_template("page.css")), "script": Markup(script), "policy": Markup(policy)}


def _read_template(name: str) -> str:
    return resources.files("weft.report").joinpath(f"templates/{name}").read_text(encoding="utf-8")


def write_audit_page(audit: Path, products: Path | None = None) -> Path:
    """Write index.html into the output folder of audit.

    Args:
        audit: The folder.
        products: products.parquet of the crawl, which has the prices; without it the page shows none.

    Returns:
        The path of the page.

    Raises:
        ContractError: mismatches.parquet or `products` is missing or broken.
    """
    thumbnails = ThumbnailCache()
    mismatches = read_mismatches(audit, thumbnails)
    shown = {mismatch.product_id for mismatch in mismatches.pictured}
    template = page_environment().get_template("audit.html")
    page = template.render(
        **page_assets(),
        mismatches=mismatches,
        products=ShopProducts() if products is None else read_products(products, shown),
        thumbnails=thumbnails,
    )
    tables.write_text(audit / PAGE, page)
    return audit / PAGE


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
