"""index.html: one file with everything in it, safe to open anywhere and to send on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources

from weft.report import wording
from weft.report.album import Album
from weft.report.comparison import Comparison, compare
from weft.report.curves import loss_curve
from weft.report.examples import Examples
from weft.report.history import History
from weft.report.nearest_words import NearestWords
from weft.report.results import Results


@dataclass(frozen=True)
class BenchmarkPart:
    """All that the page shows of one benchmark."""

    results: Results
    examples: Examples
    nearest_words: NearestWords

    @property
    def comparisons(self) -> list[tuple[str, Comparison]]:
        """(Table, as shown) of every table."""
        return [(name, compare(table)) for name, table in self.results.tables.items()]


@dataclass(frozen=True)
class Glance:
    """What one table says in one line."""

    where: str
    metric: str
    before: str
    after: str
    gain: str


def render_page(parts: Sequence[BenchmarkPart], histories: Sequence[History], album: Album) -> str:
    """The whole page; `album` holds every photo that `parts` refer to.

    Shop texts may be hostile: whatever comes from files is escaped, and the page's own policy forbids scripts and
    requests.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("weft.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("metric_name", "table_title", "table_meaning", "reader_meaning", "right_meaning", "count"):
        environment.filters[name] = getattr(wording, name)
    style = resources.files("weft.report").joinpath("templates/page.css").read_text(encoding="utf-8")
    tables = [comparison for part in parts for _, comparison in part.comparisons]
    return environment.get_template("page.html").render(
        style=Markup(style),
        parts=parts,
        glances=[glance for part in parts for glance in _glances(part)],
        row_meanings=wording.row_meanings(_once(row for table in tables for row, _ in table.rows)),
        metric_meanings=wording.metric_meanings(_once(metric for table in tables for metric in table.metrics)),
        # Drawn by matplotlib from numbers and stage names: markup of our own.
        curves=[(history, Markup(loss_curve(history))) for history in histories],
        album=album,
    )


def _glances(part: BenchmarkPart) -> list[Glance]:
    """The first metric of every table: the untrained network against the finished model."""
    glances = []
    for name, shown in part.comparisons:
        rows = dict(shown.rows)
        if shown.baseline is None or wording.TRAINED not in rows or not shown.metrics:
            continue
        before, after = rows[shown.baseline][0], rows[wording.TRAINED][0]
        if after.gain:
            where = f"{part.results.benchmark}, {wording.table_title(name).lower()}"
            metric = wording.metric_name(shown.metrics[0])
            glances.append(Glance(where, metric, before.text, after.text, after.gain))
    return glances


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
