"""Training curves as inline SVG: the same bytes every time, colours and fonts taken from the page."""

import io
import re
from typing import TYPE_CHECKING

from weft.report.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INK, _TRAIN, _VAL = "#010203", "#010204", "#010205"
"""Stand-ins that become the page's own colours, so that one picture serves light and dark."""
_COLOURS = {_INK: "currentColor", _TRAIN: "var(--train)", _VAL: "var(--val)"}


def loss_curve(history: History) -> str:
    """Train and val loss over the epochs of one training stage, as an <svg> element to place in the page."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    with mpl.rc_context():
        # A person's own matplotlibrc must not change the page.
        mpl.rcdefaults()
        mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": f"weft-{history.stage}"})
        figure = Figure(figsize=(5.2, 3.0), layout="constrained")
        FigureCanvasSVG(figure)
        figure.patch.set_visible(False)
        axes = figure.add_subplot()
        axes.patch.set_visible(False)
        _draw(axes, history)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
        buffer = io.StringIO()
        # With every entry None matplotlib writes no metadata at all: no date, no address.
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return _inline(buffer.getvalue(), history.stage)


def _draw(axes: "Axes", history: History) -> None:
    epochs = history.column("epoch")
    # Dashes and marker shapes tell the lines apart without colour.
    for name, colour, style, marker in (("train", _TRAIN, "--", "s"), ("val", _VAL, "-", "o")):
        losses = history.column(f"{name}_loss")
        points = [(epoch, loss) for epoch, loss in zip(epochs, losses, strict=True) if loss is not None]
        if points:
            axes.plot(*zip(*points, strict=True), color=colour, linestyle=style, marker=marker, ms=4, label=name)
    axes.set_xlabel("epoch", color=_INK)
    axes.set_ylabel("loss (lower is better)", color=_INK)
    axes.tick_params(colors=_INK)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(_INK)
    axes.grid(axis="y", color=_INK, alpha=0.15)
    axes.legend(frameon=False, labelcolor=_INK)


def _inline(svg: str, name: str) -> str:
    """`svg` without what only a file of its own needs; ids made unique among the pictures of a page."""
    label = f"Train and val loss of {name} by epoch; the table below holds the numbers"
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
