"""Skirts, trousers, jeans and shorts."""

import random

import numpy as np

from weft.demo.catalogue import DemoProduct
from weft.demo.drawing.shapes import (
    Outline,
    Piece,
    Sketch,
    Stroke,
    both_sides,
    box,
    curve,
    ellipse,
    line,
    strokes_both_sides,
    translate,
)
from weft.demo.drawing.tops import make_flared_skirt, vary

_THREAD_RGB = (206, 148, 62)
_RIVET_RGB = (176, 120, 70)


def sketch_skirt(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
    """Sketch a flared skirt on a waistband."""
    hem, hem_y = {"mini": (29.0, 76.0), "knee": (34.0, 100.0), "maxi": (37.0, 123.0)}[product.length or "knee"]
    top = {"mini": 32.0, "knee": 24.0, "maxi": 10.0}[product.length or "knee"]
    waist = vary(rng, 15.5)
    cloth, folds = make_flared_skirt(waist, top, vary(rng, hem, 0.08), vary(rng, hem_y, 0.015), rng)
    band = Piece(
        outline=curve(
            [
                (-waist, top - 4, True),
                (waist, top - 4, True),
                (waist + 0.6, top + 2, True),
                (0, top + 3),
                (-waist - 0.6, top + 2, True),
            ]
        ),
        tone=0.92,
    )
    strokes = [*folds, Stroke(outline=line((-waist, top + 2.2), (0, top + 3.2), (waist, top + 2.2)), width=0.5)]
    if back:
        strokes.append(Stroke(outline=line((0, top - 3), (0, top + 17)), width=0.7, tone=-0.5))
        strokes.append(Stroke(outline=box(-0.8, top - 3, 0.8, top), width=0, tone=0.5))
    return Sketch(pieces=(cloth, band), strokes=tuple(strokes), focus=(0, top + 14), texture="smooth")


def sketch_trousers(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
    """Sketch trousers: a crease down each leg, slanted pockets, a narrow waistband."""
    end = 104.0 if product.length == "cropped" else 125.0
    waist, hip, ankle = _fit_to_gender(product.gender, vary(rng, 16), vary(rng, 20.5), vary(rng, 9))
    pieces = [*_make_legs(waist, hip, 13.0, 50.0, end, ankle), _make_waistband(waist, 9.0, 14.0)]
    strokes = [
        *_make_fly(13.5, 32, back=back),
        *strokes_both_sides(
            Stroke(outline=curve([(9.5, 40), (10.8, 80), (11.5, end - 1)], closed=False), width=0.6, tone=-0.3)
        ),
        *_make_belt_loops(waist, 9.5),
    ]
    if back:
        strokes += strokes_both_sides(Stroke(outline=line((5.5, 27), (14.5, 26)), width=0.9, tone=-0.5))
    else:
        strokes += strokes_both_sides(Stroke(outline=line((waist - 4.5, 14.5), (hip - 1.8, 32)), width=0.8, tone=-0.45))
        strokes.append(Stroke(outline=ellipse(0, 11.5, 1.2), width=0, tone=-0.6))
    return Sketch(pieces=tuple(pieces), strokes=tuple(strokes), focus=(2, 26))


def sketch_jeans(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
    """Sketch jeans: denim, yellow stitches, round pockets with rivets, turn-ups, a worn patch on each thigh."""
    end = 104.0 if product.length == "cropped" else 124.0
    waist, hip, ankle = _fit_to_gender(product.gender, vary(rng, 16), vary(rng, 20), vary(rng, 8.5))
    pieces = [*_make_legs(waist, hip, 13.0, 49.0, end, ankle), _make_waistband(waist, 8.5, 14.0)]
    turn_up = curve(
        [
            (5.2, end - 5, True),
            (5.6 + 2 * ankle, end - 5.6, True),
            (5.8 + 2 * ankle, end + 0.8, True),
            (5.0, end + 0.8, True),
        ]
    )
    pieces += both_sides(Piece(outline=turn_up, tone=1.22))
    strokes = [
        *_make_belt_loops(waist, 9.0),
        *_make_fly(14, 33, back=back, has_thread=True),
        _make_thread_stroke(line((-waist, 13.4), (waist, 13.4))),
    ]
    strokes += strokes_both_sides(
        _make_thread_stroke(
            curve([(hip - 1.4, 36), (hip - 0.4, 60), (hip - 0.6, 90), (4 + 2 * ankle, end - 6)], closed=False)
        )
    )
    if back:
        patch = line((4, 22), (15, 22), (15, 33), (9.5, 37), (4, 33))
        pieces += both_sides(Piece(outline=patch, rim_shading=0.7))
        strokes += strokes_both_sides(_make_thread_stroke(np.vstack([patch, patch[:1]])))
        strokes += strokes_both_sides(_make_thread_stroke(line((4.5, 27), (9.5, 30), (14.5, 27))))
        strokes.append(Stroke(outline=box(6, 8.8, 14, 13.6), width=0, rgb=(150, 98, 58)))
    else:
        scoop = curve([(7, 14.2), (8.5, 22), (hip - 0.8, 25)], closed=False)
        strokes += strokes_both_sides(Stroke(outline=scoop, width=1.2, tone=-0.5))
        strokes += strokes_both_sides(_make_thread_stroke(translate(scoop, 0, 1.4)))
        strokes += strokes_both_sides(Stroke(outline=ellipse(7, 15.6, 0.9), width=0, rgb=_RIVET_RGB))
        strokes += strokes_both_sides(Stroke(outline=ellipse(hip - 1.6, 24.2, 0.9), width=0, rgb=_RIVET_RGB))
        strokes.append(Stroke(outline=ellipse(0, 11.2, 1.6), width=0, rgb=_RIVET_RGB))
    return Sketch(pieces=tuple(pieces), strokes=tuple(strokes), focus=(3, 26), texture="denim")


def sketch_shorts(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
    """Sketch shorts: wide short legs, a drawstring."""
    waist, hip, leg = _fit_to_gender(product.gender, vary(rng, 19), vary(rng, 25), vary(rng, 14))
    end = vary(rng, 88, 0.05)
    pieces = [*_make_legs(waist, hip, 39.0, 68.0, end, leg, gap=2.5), _make_waistband(waist, 33.0, 40.0)]
    strokes = [
        *_make_fly(40, 57, back=back),
        *strokes_both_sides(Stroke(outline=line((2.8, end - 3), (2.2 + 2 * leg, end - 3.4)), width=0.5)),
        *(Stroke(outline=line((x, 34), (x, 39.5)), width=0.35, tone=-0.25) for x in range(-16, 17, 2)),
    ]
    if back:
        patch = line((6.5, 49), (17.5, 49), (17.5, 61), (6.5, 61), (6.5, 49))
        strokes += strokes_both_sides(Stroke(outline=patch, width=0.7))
    else:
        strokes += strokes_both_sides(Stroke(outline=line((waist - 4, 41), (hip - 1, 58)), width=0.9, tone=-0.45))
        cord = curve([(1, 38), (3, 45), (2.2, 53)], closed=False)
        strokes += strokes_both_sides(Stroke(outline=cord, width=1.1, rgb=(236, 234, 228)))
    return Sketch(pieces=tuple(pieces), strokes=tuple(strokes), focus=(2, 48))


def _fit_to_gender(gender: str, waist: float, hip: float, leg: float) -> tuple[float, float, float]:
    """Return half the widths of waist, hip and leg; those of women are narrower at waist and leg."""
    return (waist * 0.9, hip * 1.03, leg * 0.9) if gender == "women" else (waist, hip, leg)


def _make_legs(
    waist: float, hip: float, top: float, crotch: float, end: float, ankle: float, gap: float = 5.0
) -> tuple[Piece, ...]:
    """Make legs and seat; `ankle` is half the width of the end of a leg, `gap` its distance from the middle."""
    right = curve(
        [
            (-0.3, top, True),
            (waist, top, True),
            (hip, top + (crotch - top) * 0.6),
            (hip + (gap + 2 * ankle - hip) * 0.45, (crotch + end) / 2),
            (gap + 2 * ankle, end, True),
            (gap, end + 0.6, True),
            (1.2 + gap * 0.3, (crotch + end) / 2 - 4),
            (-0.3, crotch, True),
        ]
    )
    return both_sides(Piece(outline=right, rim_shading=0.9))


def _make_waistband(waist: float, top: float, bottom: float) -> Piece:
    outline = curve(
        [
            (-waist, top, True),
            (0, top + 1),
            (waist, top, True),
            (waist + 0.5, bottom, True),
            (0, bottom + 0.8),
            (-waist - 0.5, bottom, True),
        ]
    )
    return Piece(outline=outline, tone=0.93, rim_shading=0.8)


def _make_fly(top: float, bottom: float, *, back: bool, has_thread: bool = False) -> list[Stroke]:
    seam = Stroke(outline=line((0, top), (0, bottom + 16)), width=0.6, tone=-0.4)
    if back:
        return [seam]
    flap = curve([(4, top + 1), (3.8, bottom - 4), (0.3, bottom + 1)], closed=False)
    return [seam, _make_thread_stroke(flap) if has_thread else Stroke(outline=flap, width=0.5)]


def _make_belt_loops(waist: float, top: float) -> list[Stroke]:
    return [
        Stroke(outline=box(x - 0.7, top, x + 0.7, top + 6), width=0, tone=-0.3) for x in (-waist * 0.6, waist * 0.6)
    ]


def _make_thread_stroke(outline: Outline) -> Stroke:
    return Stroke(outline=outline, width=0.5, rgb=_THREAD_RGB)
