"""The charts of the page: loss over epochs, recall over k, and the calibration curve.

matplotlib draws them as inline SVG. The bytes are deterministic; colours and fonts come from the page.
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from weft.report.pipeline import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Points = Sequence[tuple[float, float]]

INK = "#010203"
SERIES = ("#010204", "#010205", "#010206", "#010207")
"""Placeholders that are replaced with CSS variables, so that one picture works in light and dark mode."""
STYLES = (("--", "s"), ("-", "o"), ("-.", "^"), (":", "D"))
"""Dashes and markers of the series: lines can be distinguished without colour."""
_COLOURS = {INK: "currentColor", **{colour: f"var(--series-{n})" for n, colour in enumerate(SERIES, start=1)}}


def loss_curve(history: History) -> str:
    """Draw train and val loss over the epochs of one training stage, as an <svg> element."""
    from matplotlib.ticker import MaxNLocator

    epochs = history.column("epoch")

    def draw(axes: "Axes") -> None:
        for index, name in enumerate(("train", "val")):
            losses = history.column(f"{name}_loss")
            points = [
                (epoch, loss)
                for epoch, loss in zip(epochs, losses, strict=True)
                if epoch is not None and loss is not None
            ]
            _line(axes, index, name, points)
        _label_axes(axes, "epoch", "loss (lower is better)")
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))

    label = f"Train and val loss of {history.stage} by epoch; the table below has the numbers"
    return inline_svg(draw, history.stage, label)


def recall_curve(curves: Mapping[str, Points], name: str) -> str:
    """Draw recall over k for each model, on a logarithmic axis.

    Args:
        curves: Model to (k, recall at k in 0..1).
        name: The name of the picture, unique on the page.
    """
    from matplotlib.ticker import ScalarFormatter

    def draw(axes: "Axes") -> None:
        for index, (model, points) in enumerate(curves.items()):
            _line(axes, index, model, points, has_markers=False)
        axes.set_xscale("log")
        ticks = [k for k in (1, 2, 5, 10, 20, 50, 100) if k <= max(points[-1][0] for points in curves.values())]
        axes.set_xticks(ticks)
        axes.minorticks_off()
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.set_ylim(0, 1.02)
        _label_axes(axes, "k (first photos of the ranked list)", "recall at k (higher is better)")

    return inline_svg(draw, name, "Recall at k of each model; the table below has the numbers")


def calibration_curve(curves: Mapping[str, Points], name: str) -> str:
    """Draw the fraction of positives over the mean predicted probability; on the diagonal the two are equal.

    Args:
        curves: Word group to (mean predicted probability, fraction of positives), both in 0..1.
        name: The name of the picture, unique on the page.
    """

    def draw(axes: "Axes") -> None:
        axes.plot((0, 1), (0, 1), color=INK, alpha=0.4, linewidth=1)
        for index, (group, points) in enumerate(curves.items()):
            _line(axes, index, group, points)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.02)
        _label_axes(axes, "mean predicted probability", "observed share on test")

    return inline_svg(draw, name, "Observed share over mean predicted probability; the table below has the numbers")


def _line(axes: "Axes", index: int, name: str, points: Points, has_markers: bool = True) -> None:
    if points:
        style, marker = STYLES[index % len(STYLES)]
        colour = SERIES[index % len(SERIES)]
        # matplotlib leaves names that begin with _ out of the legend and reads $ as the start of a formula.
        label = name.lstrip("_").replace("$", r"\$") or "-"
        x, y = zip(*points, strict=True)
        axes.plot(x, y, color=colour, linestyle=style, marker=marker if has_markers else None, ms=4, label=label)


def _label_axes(axes: "Axes", x: str, y: str) -> None:
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(frameon=False, labelcolor=INK)


def inline_svg(
    draw: Callable[["Axes"], None], name: str, label: str, size: tuple[float, float] = (5.2, 3.0), bare: bool = False
) -> str:
    """Draw one picture and return it as an <svg> element.

    Args:
        draw: A function that draws into the axes with the colours INK and SERIES.
        name: Letters, digits and hyphens; unique on the page.
        label: The text for screen readers; it must not contain text of a shop.
        size: Width and height in inches.
        bare: Whether to leave out the axes and the margins.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context():
        # A matplotlibrc on this machine must not change the page.
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
            _style_axes(axes)
        draw(axes)
        buffer = io.StringIO()
        # None for every entry makes matplotlib leave out the metadata block, which would hold a date.
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return _inline(buffer.getvalue(), name, label)


def _style_axes(axes: "Axes") -> None:
    axes.tick_params(colors=INK)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(INK)
    axes.grid(axis="y", color=INK, alpha=0.15)


def _inline(svg: str, name: str, label: str) -> str:
    """Return `svg` without the parts that only a separate file needs, and with ids that are unique on the page."""
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", svg).replace("xlink:href", "href")
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
    svg = re.sub(r'\sid="([^"]*)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", svg)
    svg = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"font-family: [^;]*; ", "", svg)
    # A <style> inside an inline picture would apply to the whole page; the page's own rules replace it.
    svg = re.sub(r"\s*<defs>\s*<style.*?</style>\s*</defs>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<svg [^>]*?(viewBox=\"[^\"]*\")[^>]*>", rf'<svg \1 role="img" aria-label="{label}">', svg, count=1)
    for placeholder, colour in _COLOURS.items():
        svg = svg.replace(placeholder, colour)
    return svg
