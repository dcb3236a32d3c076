"""Trainers and boots: pairs, seen from the side."""

import random
from dataclasses import replace

from weft.demo.catalogue import DemoProduct, Rgb
from weft.demo.drawing.shapes import Outline, Piece, Point, Sketch, Stroke, curve, line, translate
from weft.demo.drawing.tops import vary

_RUBBER_RGB = (240, 239, 234)
_GUM_RGB = (150, 104, 66)
_HEEL_RGBS = ((40, 32, 30), (92, 62, 42))


def sketch_trainers(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:  # noqa: ARG001
    """Sketch a pair of trainers: thick pale sole, laces, a stripe on the side. The "back" is the other side."""
    height_factor, toe = vary(rng, 1.0, 0.1), vary(rng, 41, 0.04)
    sole = _RUBBER_RGB if rng.random() < 0.7 else _GUM_RGB
    pieces, strokes = _make_trainer(height_factor, toe, sole, has_stripe=not back)
    return _arrange_pair(pieces, strokes, rng, mirror=back, focus=(2, 74))


def sketch_boots(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
    """Sketch a pair of boots: a shaft, a heel, a dark sole. The "back" is the other side."""
    top = vary(rng, 52, 0.06) if product.length == "ankle" else vary(rng, 13, 0.2)
    heel = rng.choice((7.0, 11.0)) if product.gender == "women" else 6.0
    pieces, strokes = _make_boot(top, heel, rng.choice(_HEEL_RGBS), has_laces=rng.random() < 0.5 and not back)
    return _arrange_pair(pieces, strokes, rng, mirror=back, focus=(0, top + 20))


def _make_trainer(height_factor: float, toe: float, sole: Rgb, *, has_stripe: bool) -> tuple[list[Piece], list[Stroke]]:
    top = 88 - 27 * height_factor
    upper: list[Point] = [
        (-38, 90, True),
        (-39.5, 76),
        (-37, top - 1, True),
        (-30, top + 5),
        (-20, top + 6),
        (-11, top, True),
        (0, top + 5.5),
        (14, top + 13),
        (27, 78),
        (toe - 3, 82),
        (toe, 91, True),
    ]
    inside = curve([(-37, top - 1, True), (-25, top + 1), (-11, top, True), (-20, top + 6), (-30, top + 5)])
    tongue = curve([(-13, top + 2, True), (-13, top - 5), (-7, top - 5.5), (-1, top + 6, True)])
    cap = curve([(28, 78.4, True), (toe - 3, 82), (toe, 91, True), (24, 91, True), (24, 84)])
    heel = curve([(-38.5, 90, True), (-39.5, 76), (-37, top - 1, True), (-30, 77), (-29, 90, True)])
    outsole = curve([(-40, 88.5, True), (toe + 1, 88.5, True), (toe + 3, 92), (toe - 2, 97.5), (-36, 97.5), (-41, 94)])
    pieces = [
        Piece(outline=inside, tone=0.5, rim_shading=0.3),
        Piece(outline=tongue, tone=0.88),
        Piece(outline=curve(upper)),
        Piece(outline=cap, tone=0.92, rim_shading=0.6),
        Piece(outline=heel, is_second_colour=True, rim_shading=0.6),
        Piece(outline=outsole, rgb=sole, rim_shading=0.6),
    ]
    strokes = [Stroke(outline=line((-40, 92), (toe + 2, 92)), width=0.5, rgb=(170, 168, 162))]
    eyelets = curve([(-13, top + 7), (0, top + 12.5), (13, top + 18.5)], closed=False)
    strokes.append(Stroke(outline=eyelets, width=0.5, tone=-0.4))
    for k in range(5):
        lace = line((-8.5 + 5.2 * k, top + 1.4 + 2.6 * k), (-11.5 + 5.4 * k, top + 8 + 2.4 * k))
        strokes.append(Stroke(outline=translate(lace, 0.7, 0.5), width=1.6, rgb=(120, 120, 120)))
        strokes.append(Stroke(outline=lace, width=1.6, rgb=(248, 248, 246)))
    if has_stripe:
        swoosh = curve([(-24, 76), (-14, 84.5), (0, 84), (20, 77), (0, 81), (-12, 80.5)])
        strokes.append(Stroke(outline=swoosh, width=0, tone=0.75))
    return pieces, strokes


def _make_boot(top: float, heel: float, sole_rgb: Rgb, *, has_laces: bool) -> tuple[list[Piece], list[Stroke]]:
    floor = 104.0
    shaft = curve(
        [
            (-25, floor - heel - 2, True),
            (-27, 88),
            (-25 if top > 30 else -28, top + 24),
            (-27, top, True),
            (-14, top + 1.5),
            (1, top, True),
            (1 if top > 30 else 3, top + 22),
            (3, 77),
            (10, 83),
            (24, 87),
            (32, 94),
            (32, floor - 3, True),
            (8, floor - 3.5),
            (-6, floor - heel, True),
        ]
    )
    mouth = curve([(-27, top, True), (-13, top - 2.2), (1, top, True), (-13, top + 1.6)])
    sole = curve(
        [
            (-6, floor - heel - 1, True),
            (8, floor - 4.5),
            (33, floor - 4.5, True),
            (33, floor - 1.5),
            (28, floor, True),
            (8, floor, True),
            (-6, floor - heel + 2, True),
        ]
    )
    block = curve(
        [(-26, floor - heel - 2, True), (-6, floor - heel - 1, True), (-9, floor, True), (-24.5, floor, True)]
    )
    pieces = [
        Piece(outline=shaft),
        Piece(outline=mouth, tone=0.45, rim_shading=0.3),
        Piece(outline=sole, rgb=sole_rgb, rim_shading=0.5),
        Piece(outline=block, rgb=sole_rgb, rim_shading=0.6),
    ]
    strokes = [
        Stroke(outline=curve([(12, 83), (9, 91), (11, floor - 4)], closed=False), width=0.5, tone=-0.4),
        Stroke(outline=curve([(-26, 84), (-17, 82), (-15, floor - heel - 2)], closed=False), width=0.5, tone=-0.4),
        Stroke(outline=line((-27, top + 4.5), (1, top + 4.5)), width=0.5, tone=-0.35),
    ]
    if has_laces:
        rows = range(int(max(top, 44)) + 6, 82, 5)
        strokes += [
            Stroke(outline=line((-5, y + 2.5), (3 + max(0, y - 74) * 0.6, y)), width=1.4, rgb=(210, 200, 180))
            for y in rows
        ]
    else:
        strokes.append(Stroke(outline=line((-12, top + 5), (-12, 90)), width=0.9, tone=-0.5))
    return pieces, strokes


def _arrange_pair(
    pieces: list[Piece], strokes: list[Stroke], rng: random.Random, *, mirror: bool, focus: tuple[float, float]
) -> Sketch:
    """Place two shoes one behind the other; strokes of the hidden shoe are left out."""
    far_offset = [9 + rng.uniform(-2, 2), -11 + rng.uniform(-2, 2)]
    shift = [-4.0, -3.0]
    flip = [-1.0, 1.0] if mirror else [1.0, 1.0]

    def move(outline: Outline, offset: list[float]) -> Outline:
        return (outline + shift + offset) * flip

    far = [replace(piece, outline=move(piece.outline, far_offset), tone=piece.tone * 0.86) for piece in pieces]
    near = [replace(piece, outline=move(piece.outline, [0.0, 0.0])) for piece in pieces]
    near_strokes = [replace(stroke, outline=move(stroke.outline, [0.0, 0.0])) for stroke in strokes]
    middle = (focus[0] * flip[0], focus[1])
    return Sketch(pieces=(*far, *near), strokes=tuple(near_strokes), focus=middle, texture="leather")
