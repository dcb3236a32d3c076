"""The curves of the page: losses over epochs, recall over k, promised against true probabilities."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from weft.report.history import History
from weft.report.svg import INK, SERIES, STYLES, inline_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Points = Sequence[tuple[float, float]]


def loss_curve(history: History) -> str:
    """Train and val loss over the epochs of one training stage, as an <svg> element to place in the page."""
    from matplotlib.ticker import MaxNLocator

    epochs = history.column("epoch")

    def draw(axes: "Axes") -> None:
        for place, name in enumerate(("train", "val")):
            losses = history.column(f"{name}_loss")
            points = [
                (epoch, loss)
                for epoch, loss in zip(epochs, losses, strict=True)
                if epoch is not None and loss is not None
            ]
            _line(axes, place, name, points)
        _axes(axes, "epoch", "loss (lower is better)")
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))

    label = f"Train and val loss of {history.stage} by epoch; the table below holds the numbers"
    return inline_svg(draw, history.stage, label)


def recall_curve(curves: Mapping[str, Points], name: str) -> str:
    """Recall over k of each model, on a logarithmic axis.

    Args:
        curves: Model to (k, recall at k in 0..1).
        name: Of the picture, unique on the page.
    """
    from matplotlib.ticker import ScalarFormatter

    def draw(axes: "Axes") -> None:
        for place, (model, points) in enumerate(curves.items()):
            _line(axes, place, model, points, marked=False)
        axes.set_xscale("log")
        ticks = [k for k in (1, 2, 5, 10, 20, 50, 100) if k <= max(points[-1][0] for points in curves.values())]
        axes.set_xticks(ticks)
        axes.minorticks_off()
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.set_ylim(0, 1.02)
        _axes(axes, "k, photos looked at", "recall at k (higher is better)")

    return inline_svg(draw, name, "Recall at k of each model; the table below holds the numbers")


def reliability_curve(curves: Mapping[str, Points], name: str) -> str:
    """What came true over what was promised; on the diagonal a probability can be taken at its word.

    Args:
        curves: Words looked at to (mean probability, share that came true), both in 0..1.
        name: Of the picture, unique on the page.
    """

    def draw(axes: "Axes") -> None:
        axes.plot((0, 1), (0, 1), color=INK, alpha=0.4, linewidth=1)
        for place, (words, points) in enumerate(curves.items()):
            _line(axes, place, words, points)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.02)
        _axes(axes, "probability told", "share that came true on test")

    return inline_svg(draw, name, "Share that came true over the probability told; the table below holds the numbers")


def _line(axes: "Axes", place: int, name: str, points: Points, marked: bool = True) -> None:
    if points:
        style, marker = STYLES[place % len(STYLES)]
        colour = SERIES[place % len(SERIES)]
        # A name that begins with _ would be left out of the legend, and $ would begin a formula.
        label = name.lstrip("_").replace("$", r"\$") or "-"
        x, y = zip(*points, strict=True)
        axes.plot(x, y, color=colour, linestyle=style, marker=marker if marked else None, ms=4, label=label)


def _axes(axes: "Axes", x: str, y: str) -> None:
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(frameon=False, labelcolor=INK)
