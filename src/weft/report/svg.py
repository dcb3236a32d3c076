"""Pictures by matplotlib as inline SVG: the same bytes every time, colours and fonts taken from the page."""

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
