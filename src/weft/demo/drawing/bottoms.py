"""Skirts, trousers, jeans and shorts."""

import random

import numpy as np

from weft.demo.catalogue import DemoProduct
from weft.demo.drawing.sketch import (
    Outline,
    Piece,
    Sketch,
    Stroke,
    both_sides,
    box,
    curve,
    disc,
    line,
    shifted,
    strokes_both_sides,
)
from weft.demo.drawing.tops import around, flare

_THREAD = (206, 148, 62)
_RIVET = (176, 120, 70)


def skirt(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
    """A flared skirt on a waistband."""
    hem, hem_y = {"mini": (29.0, 76.0), "knee": (34.0, 100.0), "maxi": (37.0, 123.0)}[product.length or "knee"]
    top = {"mini": 32.0, "knee": 24.0, "maxi": 10.0}[product.length or "knee"]
    waist = around(rng, 15.5)
    cloth, folds = flare(waist, top, around(rng, hem, 0.08), around(rng, hem_y, 0.015), rng)
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


def trousers(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
    """Trousers: a crease down each leg, slanted pockets, a narrow waistband."""
    end = 104.0 if product.length == "cropped" else 125.0
    waist, hip, ankle = _figure(product.gender, around(rng, 16), around(rng, 20.5), around(rng, 9))
    pieces = [*_legs(waist, hip, 13.0, 50.0, end, ankle), _band(waist, 9.0, 14.0)]
    strokes = [
        *_fly(13.5, 32, back=back),
        *strokes_both_sides(
            Stroke(outline=curve([(9.5, 40), (10.8, 80), (11.5, end - 1)], closed=False), width=0.6, tone=-0.3)
        ),
        *_loops(waist, 9.5),
    ]
    if back:
        strokes += strokes_both_sides(Stroke(outline=line((5.5, 27), (14.5, 26)), width=0.9, tone=-0.5))
    else:
        strokes += strokes_both_sides(Stroke(outline=line((waist - 4.5, 14.5), (hip - 1.8, 32)), width=0.8, tone=-0.45))
        strokes.append(Stroke(outline=disc(0, 11.5, 1.2), width=0, tone=-0.6))
    return Sketch(pieces=tuple(pieces), strokes=tuple(strokes), focus=(2, 26))


def jeans(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
    """Jeans: denim, yellow stitches, round pockets with rivets, turn-ups, a worn patch on each thigh."""
    end = 104.0 if product.length == "cropped" else 124.0
    waist, hip, ankle = _figure(product.gender, around(rng, 16), around(rng, 20), around(rng, 8.5))
    pieces = [*_legs(waist, hip, 13.0, 49.0, end, ankle), _band(waist, 8.5, 14.0)]
    turn = curve(
        [
            (5.2, end - 5, True),
            (5.6 + 2 * ankle, end - 5.6, True),
            (5.8 + 2 * ankle, end + 0.8, True),
            (5.0, end + 0.8, True),
        ]
    )
    pieces += both_sides(Piece(outline=turn, tone=1.22))
    strokes = [*_loops(waist, 9.0), *_fly(14, 33, back=back, thread=True), _thread(line((-waist, 13.4), (waist, 13.4)))]
    strokes += strokes_both_sides(
        _thread(curve([(hip - 1.4, 36), (hip - 0.4, 60), (hip - 0.6, 90), (4 + 2 * ankle, end - 6)], closed=False))
    )
    if back:
        patch = line((4, 22), (15, 22), (15, 33), (9.5, 37), (4, 33))
        pieces += both_sides(Piece(outline=patch, rim=0.7))
        strokes += strokes_both_sides(_thread(np.vstack([patch, patch[:1]])))
        strokes += strokes_both_sides(_thread(line((4.5, 27), (9.5, 30), (14.5, 27))))
        strokes.append(Stroke(outline=box(6, 8.8, 14, 13.6), width=0, rgb=(150, 98, 58)))
    else:
        scoop = curve([(7, 14.2), (8.5, 22), (hip - 0.8, 25)], closed=False)
        strokes += strokes_both_sides(Stroke(outline=scoop, width=1.2, tone=-0.5))
        strokes += strokes_both_sides(_thread(shifted(scoop, 0, 1.4)))
        strokes += strokes_both_sides(Stroke(outline=disc(7, 15.6, 0.9), width=0, rgb=_RIVET))
        strokes += strokes_both_sides(Stroke(outline=disc(hip - 1.6, 24.2, 0.9), width=0, rgb=_RIVET))
        strokes.append(Stroke(outline=disc(0, 11.2, 1.6), width=0, rgb=_RIVET))
    return Sketch(pieces=tuple(pieces), strokes=tuple(strokes), focus=(3, 26), texture="denim")


def shorts(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
    """Shorts: wide short legs, a drawstring."""
    waist, hip, leg = _figure(product.gender, around(rng, 19), around(rng, 25), around(rng, 14))
    end = around(rng, 88, 0.05)
    pieces = [*_legs(waist, hip, 39.0, 68.0, end, leg, gap=2.5), _band(waist, 33.0, 40.0)]
    strokes = [
        *_fly(40, 57, back=back),
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


def _figure(gender: str, waist: float, hip: float, leg: float) -> tuple[float, float, float]:
    """The half widths of waist, hip and leg; women's are cut closer at waist and leg."""
    return (waist * 0.9, hip * 1.03, leg * 0.9) if gender == "women" else (waist, hip, leg)


def _legs(
    waist: float, hip: float, top: float, crotch: float, end: float, ankle: float, gap: float = 5.0
) -> tuple[Piece, ...]:
    """Both legs with the seat; `ankle` is half the width of a leg's end, `gap` its distance from the middle."""
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
    return both_sides(Piece(outline=right, rim=0.9))


def _band(waist: float, top: float, bottom: float) -> Piece:
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
    return Piece(outline=outline, tone=0.93, rim=0.8)


def _fly(top: float, bottom: float, *, back: bool, thread: bool = False) -> list[Stroke]:
    seam = Stroke(outline=line((0, top), (0, bottom + 16)), width=0.6, tone=-0.4)
    if back:
        return [seam]
    flap = curve([(4, top + 1), (3.8, bottom - 4), (0.3, bottom + 1)], closed=False)
    return [seam, _thread(flap) if thread else Stroke(outline=flap, width=0.5)]


def _loops(waist: float, top: float) -> list[Stroke]:
    return [
        Stroke(outline=box(x - 0.7, top, x + 0.7, top + 6), width=0, tone=-0.3) for x in (-waist * 0.6, waist * 0.6)
    ]


def _thread(outline: Outline) -> Stroke:
    return Stroke(outline=outline, width=0.5, rgb=_THREAD)
