"""index.html: one file with everything in it, safe to open anywhere and to send on.

The audit as a page of its own: what `weft audit` leaves for a merchandiser.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weft import tables
from weft.report import glossary
from weft.report.audit import Findings, read_findings
from weft.report.breakdowns import Confusions, FacetTable, NearestWords, Recall
from weft.report.calibration import Thresholds, WordMap
from weft.report.charts import loss_curve, recall_curve, reliability_curve
from weft.report.examples import Album, Examples, Hit, Strip
from weft.report.pipeline import CrawledShop, History, WordsPart
from weft.report.provenance import Provenance
from weft.report.tables import Cell, Comparison, Results, compare

if TYPE_CHECKING:
    from jinja2 import Environment

FIRST_QUERIES = 3
FIRST_HITS = 5


@dataclass(frozen=True)
class BenchmarkPart:
    """All that the page shows of one benchmark."""

    results: Results
    examples: Examples
    nearest_words: NearestWords
    facets: dict[str, tuple[FacetTable, ...]]
    """By table."""
    recalls: tuple[Recall, ...]
    confusions: tuple[Confusions, ...]

    @property
    def comparisons(self) -> list[tuple[str, Comparison]]:
        """(Table, as shown) of every table."""
        return [(name, compare(self.results, name)) for name in self.results.tables]


@dataclass(frozen=True)
class PipelinePart:
    """All that the page shows of the stages before evaluate and beside it."""

    provenance: Provenance
    shops: tuple[CrawledShop, ...]
    words: WordsPart
    word_map: WordMap
    histories: tuple[History, ...]
    thresholds: Thresholds
    findings: Findings


@dataclass(frozen=True)
class Headline:
    """What one table says in one line."""

    where: str
    metric: str
    before: Cell
    after: Cell


@dataclass(frozen=True)
class FirstLook:
    """The queries of the first screen."""

    reader: str
    strips: tuple[tuple[Strip, tuple[Hit, ...]], ...]
    """(Query, what the trained model finds)."""


def render_page(parts: Sequence[BenchmarkPart], pipeline: PipelinePart, album: Album) -> str:
    """The whole page; `album` holds every photo that `parts` and `pipeline` refer to.

    Shop texts may be hostile: whatever comes from files is escaped, and the page's own policy forbids scripts and
    requests.
    """
    from markupsafe import Markup

    tables = [comparison for part in parts for _, comparison in part.comparisons]
    bins = {
        words: [(row["promised"], row["true"]) for row in rows if row["pairs"]]
        for words, rows in pipeline.thresholds.reliability
    }
    return (
        page_environment()
        .get_template("page.html")
        .render(
            style=page_style(),
            parts=parts,
            pipeline=pipeline,
            headlines=[headline for part in parts for headline in _headlines(part)],
            first_look=_first_look(parts),
            row_meanings=glossary.row_meanings(_once(row for table in tables for row, _ in table.rows)),
            metric_meanings=glossary.metric_meanings(_once(metric for table in tables for metric in table.metrics)),
            # Drawn by matplotlib from numbers and names of our own stages, rows and metrics: markup of our own.
            losses=[(history, Markup(loss_curve(history))) for history in pipeline.histories],
            recalls=[
                (part.results.benchmark, recall, Markup(recall_curve(recall.curves, f"recall-{n}-{m}")))
                for n, part in enumerate(parts)
                for m, recall in enumerate(part.recalls)
            ],
            reliability=Markup(reliability_curve(bins, "reliability")),
            map_picture=Markup(pipeline.word_map.picture),
            album=album,
        )
    )


def page_environment() -> "Environment":
    """How templates of the report are rendered: everything escaped, an unknown name is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("weft.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    names = (
        "metric_name",
        "table_title",
        "table_meaning",
        "reader_meaning",
        "right_meaning",
        "count",
        "percent",
        "listed",
    )
    for name in names:
        environment.filters[name] = getattr(glossary, name)
    return environment


def page_style() -> Any:
    """The style sheet, which goes into the page as it is."""
    from markupsafe import Markup

    return Markup(resources.files("weft.report").joinpath("templates/page.css").read_text(encoding="utf-8"))


def _headlines(part: BenchmarkPart) -> list[Headline]:
    """The first metric of every table: its baseline against the finished model."""
    headlines = []
    for name, shown in part.comparisons:
        rows = dict(shown.rows)
        if shown.baseline is None or glossary.TRAINED not in rows or not shown.metrics:
            continue
        before, after = rows[shown.baseline][0], rows[glossary.TRAINED][0]
        if after.difference:
            where = f"{part.results.benchmark}, {glossary.table_title(name).lower()}"
            headlines.append(Headline(where, glossary.metric_name(shown.metrics[0]), before, after))
    return headlines


def _first_look(parts: Sequence[BenchmarkPart]) -> FirstLook | None:
    """A few usual queries, of a benchmark with items to find before one with labels."""
    for part in sorted(parts, key=lambda part: not part.recalls):
        if part.examples.strips:
            strips = (part.examples.usual_strips or part.examples.strips)[:FIRST_QUERIES]
            return FirstLook(part.results.reader, tuple((strip, _trained(strip)) for strip in strips))
    return None


def _trained(strip: Strip) -> tuple[Hit, ...]:
    by_model = dict(strip.ranked)
    return by_model.get(glossary.TRAINED, strip.ranked[-1][1])[:FIRST_HITS]


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


PAGE = "index.html"


def write_audit_page(audit: Path) -> Path:
    """Write index.html beside the findings of `audit`: one file, with pictures, without scripts or requests.

    Returns:
        Its path.

    Raises:
        ContractError: The findings are missing or broken.
    """
    album = Album()
    found = read_findings(audit, album)
    page = page_environment().get_template("audit.html").render(style=page_style(), found=found, album=album)
    tables.write_text(audit / PAGE, page)
    return audit / PAGE
