"""Bags, hats, scarves and socks."""

import random
from dataclasses import replace

import numpy as np

from weft.demo.catalogue import DemoProduct
from weft.demo.drawing.shapes import Piece, Sketch, Stroke, box, curve, ellipse, line, strokes_both_sides, translate
from weft.demo.drawing.tops import vary

_GOLD_RGB = (200, 164, 84)


def sketch_bag(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:  # noqa: ARG001
    """Sketch a handbag: a body that widens downwards, two handles, for some a flap with a clasp."""
    top, bottom = vary(rng, 58, 0.04), vary(rng, 106, 0.03)
    narrow, wide = vary(rng, 25, 0.1), vary(rng, 33, 0.08)
    body = curve(
        [
            (-narrow, top, True),
            (0, top + 1),
            (narrow, top, True),
            (wide, bottom - 4),
            (wide - 3, bottom, True),
            (0, bottom + 1),
            (3 - wide, bottom, True),
            (-wide, bottom - 4),
        ]
    )
    arch = vary(rng, 32, 0.12)
    handle = [(-14.0, top + 9), (-12.5, top - arch * 0.6), (0.0, top - arch), (12.5, top - arch * 0.6), (14.0, top + 9)]
    loop = _make_strap(handle, 1.7)
    far = replace(loop, outline=translate(loop.outline * [0.94, 1], 0, 3.5), tone=0.62)
    pieces = [far, Piece(outline=body), loop]
    strokes = [*strokes_both_sides(Stroke(outline=ellipse(14, top + 9, 1.3), width=0, rgb=_GOLD_RGB))]
    strokes.append(Stroke(outline=line((2 - wide, bottom - 4.5), (wide - 2, bottom - 4.5)), width=0.5))
    if not back and rng.random() < 0.5:
        flap = curve(
            [
                (-narrow - 0.6, top - 1, True),
                (narrow + 0.6, top - 1, True),
                (narrow + 2, top + 15),
                (0, top + 26),
                (-narrow - 2, top + 15),
            ]
        )
        pieces.append(Piece(outline=flap, rim_shading=0.8))
        strokes = [Stroke(outline=box(-2.6, top + 22, 2.6, top + 28), width=0, rgb=_GOLD_RGB)]
    elif not back:
        strokes.append(Stroke(outline=line((-narrow - 1, top + 4), (narrow + 1, top + 4)), width=0.5))
        strokes.append(Stroke(outline=ellipse(0, top + 8, 1.8), width=0, rgb=_GOLD_RGB))
    return Sketch(pieces=tuple(pieces), strokes=tuple(strokes), focus=(0, top + 18), texture="leather")


def sketch_hat(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:  # noqa: ARG001
    """Sketch a hat: pinched crown, a band, a wide brim."""
    wide, tall = vary(rng, 41, 0.06), vary(rng, 34, 0.08)
    base, side = 82.0, vary(rng, 23, 0.05)
    brim = curve(
        [
            (-wide, base - 2),
            (-wide * 0.6, base - 7),
            (0, base - 9),
            (wide * 0.6, base - 7),
            (wide, base - 2),
            (wide * 0.55, base + 9),
            (0, base + 12),
            (-wide * 0.55, base + 9),
        ]
    )
    crown = curve(
        [
            (-side, base + 1, True),
            (-side + 2, base - tall * 0.6),
            (-side + 6, base - tall - 1),
            (-5, base - tall + 1),
            (0, base - tall + 4.5),
            (6, base - tall),
            (side - 5, base - tall - 2),
            (side - 2, base - tall * 0.6),
            (side, base + 1, True),
            (0, base + 6.5),
        ]
    )
    band = curve(
        [
            (-side - 0.2, base + 1.2, True),
            (-side + 1, base - 7, True),
            (0, base - 2),
            (side - 1, base - 7, True),
            (side + 0.2, base + 1.2, True),
            (0, base + 6.7),
        ]
    )
    pieces = (Piece(outline=brim), Piece(outline=crown), Piece(outline=band, is_second_colour=True, rim_shading=0.6))
    bow_x = -side * 0.8 if back else side * 0.8
    bow = Stroke(outline=box(bow_x - 1.5, base - 6, bow_x + 1.5, base + 2.5), width=0, tone=-0.5)
    pinch = curve([(-9, base - tall + 3), (-4, base - tall + 12), (-1, base - tall + 17)], closed=False)
    return Sketch(
        pieces=pieces, strokes=(bow, Stroke(outline=pinch, width=0.8, tone=-0.25)), focus=(4, 66), texture="weave"
    )


def sketch_scarf(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:  # noqa: ARG001
    """Sketch a scarf: one loop as around a neck, and two fringed ends."""
    wide = vary(rng, 9, 0.08)
    left_end, right_end = vary(rng, 108, 0.05), vary(rng, 117, 0.04)
    ring_behind = curve([(-22, 30), (-15, 17), (0, 13), (15, 17), (22, 30), (14, 26), (0, 23), (-14, 26)])
    ring = curve(
        [(-24, 27), (-22, 40), (-10, 52), (4, 54), (18, 46), (24, 27), (15, 33), (4, 39), (-5, 38.5), (-15, 33)]
    )
    tail_left = curve(
        [
            (-13, 44, True),
            (-13 + wide, 50, True),
            (-11 + wide, 80),
            (-12 + wide, left_end, True),
            (-14 - wide, left_end, True),
            (-12 - wide, 75),
        ]
    )
    tail_right = curve(
        [
            (0, 46, True),
            (13, 46, True),
            (11 + wide, 80),
            (12 + wide, right_end, True),
            (12 - wide, right_end, True),
            (9 - wide, 78),
        ]
    )
    pieces = [
        Piece(outline=ring_behind, tone=0.68, angle=1.4),
        Piece(outline=tail_left, angle=0.03),
        Piece(outline=tail_right, angle=-0.05),
        Piece(outline=ring, angle=0.25),
    ]
    strokes = [*_make_fringe(-14 - wide, -12 + wide, left_end), *_make_fringe(12 - wide, 12 + wide, right_end)]
    strokes.append(
        Stroke(outline=curve([(-20, 36), (-6, 46), (8, 46.5), (20, 37)], closed=False), width=0.7, tone=-0.25)
    )
    if back:
        pieces = [replace(piece, outline=piece.outline * [-1, 1], angle=-piece.angle) for piece in pieces]
        strokes = [replace(stroke, outline=stroke.outline * [-1, 1]) for stroke in strokes]
    return Sketch(pieces=tuple(pieces), strokes=tuple(strokes), focus=(0, 48), texture="knit")


def sketch_socks(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
    """Sketch a pair of socks: ribbed cuff, heel and toe in another colour."""
    top = vary(rng, 50, 0.06) if product.length == "ankle" else vary(rng, 16, 0.15)
    wide = vary(rng, 8.5, 0.05)
    leg = curve(
        [
            (-wide, top, True),
            (wide, top, True),
            (wide - 0.6, 60),
            (wide - 0.4, 84),
            (14, 93),
            (26, 98),
            (31, 105),
            (26, 111),
            (8, 111),
            (-6, 108),
            (-wide - 1.5, 99),
            (-wide - 0.3, 86),
            (-wide + 0.4, 60),
        ]
    )
    heel = curve([(-wide - 0.2, 89, True), (-1, 98, True), (-3, 109.4, True), (-7.5, 107), (-wide - 1.6, 99)])
    toe = curve([(20, 95.2, True), (26, 98), (31, 105), (26, 111), (18, 111.2, True), (16, 103)])
    cuff = box(-wide - 0.3, top - 0.5, wide + 0.3, top + 9)
    pieces = [
        Piece(outline=leg),
        Piece(outline=heel, is_second_colour=True, rim_shading=0.7),
        Piece(outline=toe, is_second_colour=True, rim_shading=0.7),
        Piece(outline=cuff, rib_spacing=1.3, tone=0.93),
    ]
    flip = [-1.0, 1.0] if back else [1.0, 1.0]
    far = [replace(piece, outline=translate(piece.outline, 4, -6) * flip, tone=piece.tone * 0.88) for piece in pieces]
    near = [replace(piece, outline=translate(piece.outline, -15, 4) * flip) for piece in pieces]
    return Sketch(pieces=(*far, *near), focus=(-6 * flip[0], 88), texture="knit")


def _make_strap(path: list[tuple[float, float]], half_width: float) -> Piece:
    """Make a band of leather along a path, twice `half` wide."""
    middle = curve(path, closed=False)
    tangents = middle[2:] - middle[:-2]
    directions = tangents / (np.hypot(tangents[:, :1], tangents[:, 1:]) + 1e-6)
    normal = directions[:, ::-1] * [-half_width, half_width]
    inner = middle[1:-1]
    return Piece(outline=np.vstack([inner + normal, (inner - normal)[::-1]]), rim_shading=0.8)


def _make_fringe(left: float, right: float, y: float) -> list[Stroke]:
    count = max(4, int((right - left) / 1.6))
    step = (right - left - 1) / (count - 1)
    return [
        Stroke(
            outline=line((left + 0.5 + k * step, y - 0.5), (left + 0.5 + k * step + 0.5 * (k % 3 - 1), y + 6)),
            width=0.9,
            tone=-0.15,
        )
        for k in range(count)
    ]
