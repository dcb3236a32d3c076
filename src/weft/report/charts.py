"""The curves of the page: losses over epochs, recall over k, promised against true probabilities.

Pictures by matplotlib as inline SVG: the same bytes every time, colours and fonts taken from the page.
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from weft.report.pipeline import History

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


INK = "#010203"
SERIES = ("#010204", "#010205", "#010206", "#010207")
"""Stand-ins that become the page's own colours, so that one picture serves light and dark."""
STYLES = (("--", "s"), ("-", "o"), ("-.", "^"), (":", "D"))
"""Dashes and markers of the same series: they tell lines apart without colour."""
_COLOURS = {INK: "currentColor", **{colour: f"var(--series-{n})" for n, colour in enumerate(SERIES, start=1)}}


def inline_svg(
    draw: Callable[["Axes"], None], name: str, label: str, size: tuple[float, float] = (5.2, 3.0), bare: bool = False
) -> str:
    """Draw one picture and give it as an <svg> element to place in a page.

    Args:
        draw: Draws into the axes, in the colours above.
        name: Letters, digits and hyphens; unique among the pictures of a page.
        label: What a screen reader says; never text of a shop.
        size: In inches.
        bare: Without axes: only what is drawn, edge to edge.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context():
        # A person's own matplotlibrc must not change the page.
        mpl.rcdefaults()
        mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": f"weft-{name}"})
        figure = Figure(figsize=size, layout=None if bare else "constrained")
        FigureCanvasSVG(figure)
        figure.patch.set_visible(False)
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0)) if bare else figure.add_subplot()
        axes.patch.set_visible(False)
        if bare:
            axes.set_axis_off()
        else:
            _plain(axes)
        draw(axes)
        buffer = io.StringIO()
        # With every entry None matplotlib writes no metadata at all: no date, no address.
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return _inline(buffer.getvalue(), name, label)


def _plain(axes: "Axes") -> None:
    axes.tick_params(colors=INK)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(INK)
    axes.grid(axis="y", color=INK, alpha=0.15)


def _inline(svg: str, name: str, label: str) -> str:
    """`svg` without what only a file of its own needs; ids made unique among the pictures of a page."""
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", svg).replace("xlink:href", "href")
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
    svg = re.sub(r'\sid="([^"]*)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", svg)
    svg = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"font-family: [^;]*; ", "", svg)
    # A <style> inside an inline picture would reach the whole page; its two rules are inherited just as well.
    svg = re.sub(r"\s*<defs>\s*<style.*?</style>\s*</defs>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<svg [^>]*?(viewBox=\"[^\"]*\")[^>]*>", rf'<svg \1 role="img" aria-label="{label}">', svg, count=1)
    for stand_in, colour in _COLOURS.items():
        svg = svg.replace(stand_in, colour)
    return svg
