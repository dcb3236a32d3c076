"""Jackets and coats."""

import random

from weft.demo.catalogue import DemoProduct
from weft.demo.drawing import upper_body
from weft.demo.drawing.knitwear import RIB_SPACING
from weft.demo.drawing.shapes import Piece, Sketch, Stroke, both_sides, box, curve, ellipse, line, strokes_both_sides
from weft.demo.drawing.tops import add_sleeves, vary
from weft.demo.drawing.upper_body import Cut

_METAL_RGB = (190, 190, 186)


def sketch_jacket(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
    """Sketch a bomber jacket: zip, knitted collar, cuffs and waistband, slanted pockets."""
    cut = Cut(
        neck=vary(rng, 9.5),
        top=24,
        shoulder=vary(rng, 27),
        slope=7,
        chest=vary(rng, 27),
        armpit=52,
        waist=vary(rng, 28),
        waist_y=75,
        hem=vary(rng, 23.5),
        hem_y=92,
        drop=6,
    )
    cut = add_sleeves(upper_body.fit_to_gender(cut, product.gender), rng, "long", wrist_width=10, long_sleeve_length=53)
    pieces = [
        *upper_body.make_sleeves(cut),
        upper_body.make_neck_inside(cut, back=back),
        upper_body.make_trunk(cut, back=back),
    ]
    pieces += [
        *upper_body.make_cuffs(cut, 6, rib_spacing=RIB_SPACING, width_factor=0.8),
        upper_body.make_hem_band(cut, 8, rib_spacing=RIB_SPACING),
    ]
    pieces.append(_make_knit_collar(cut, back=back))
    strokes = [*upper_body.make_seams(cut)[:2]]
    if not back:
        strokes += [
            Stroke(outline=line((0, cut.top + 5), (0, 100)), width=2.4, tone=-0.45),
            Stroke(outline=line((0, cut.top + 5), (0, 100)), width=0.9, rgb=_METAL_RGB),
            Stroke(outline=box(-0.9, cut.top + 7, 0.9, cut.top + 13), width=0, rgb=_METAL_RGB),
            *strokes_both_sides(Stroke(outline=line((12, 69), (18, 84)), width=2.0, tone=-0.5)),
            *strokes_both_sides(Stroke(outline=line((13.5, 68.5), (19.5, 83.5)), width=0.4, rgb=_METAL_RGB)),
        ]
    return Sketch(pieces=tuple(pieces), strokes=tuple(strokes), focus=(2, 42), texture="smooth")


def sketch_coat(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
    """Sketch a coat: long, wide lapels, two rows of buttons, flap pockets."""
    hem_y = 124.0 if product.length == "maxi" else 102.0
    cut = Cut(
        neck=vary(rng, 8),
        top=10,
        shoulder=vary(rng, 22),
        slope=5.5,
        chest=vary(rng, 20.5),
        armpit=35,
        waist=vary(rng, 19),
        waist_y=58,
        hem=vary(rng, 25.5 if product.length == "maxi" else 23.5),
        hem_y=vary(rng, hem_y, 0.012),
        drop=22,
        neckline="v-neck",
    )
    cut = add_sleeves(upper_body.fit_to_gender(cut, product.gender), rng, "long", wrist_width=9, long_sleeve_length=54)
    pieces = [
        *upper_body.make_sleeves(cut),
        upper_body.make_neck_inside(cut, back=back),
        upper_body.make_trunk(cut, back=back),
    ]
    strokes = [*upper_body.make_seams(cut)]
    if back:
        pieces.append(_make_turned_collar(cut))
        pieces.append(Piece(outline=box(-12, 56, 12, 60.5)))
        strokes += [Stroke(outline=ellipse(x, 58.2, 1.4), width=0, tone=-0.6) for x in (-9.5, 9.5)]
        strokes.append(Stroke(outline=line((0, 80), (0, cut.hem_y + 1)), width=0.7, tone=-0.5))
    else:
        pieces += _make_lapels(cut)
        flap = curve([(7.5, 70, True), (18.5, 69, True), (18.5, 74.5, True), (7.5, 75.5, True)])
        pieces += both_sides(Piece(outline=flap, rim_shading=0.7))
        strokes.append(Stroke(outline=line((4.5, cut.top + cut.drop), (4.5, cut.hem_y + 0.8)), width=0.7, tone=-0.5))
        for y in (42.0, 52.0, 62.0):
            strokes += strokes_both_sides(Stroke(outline=ellipse(6.5, y, 1.7), width=0, tone=-0.65))
            strokes += strokes_both_sides(Stroke(outline=ellipse(6.2, y - 0.4, 0.7), width=0, tone=0.35))
    return Sketch(pieces=tuple(pieces), strokes=tuple(strokes), focus=(2, 33))


def _make_knit_collar(cut: Cut, *, back: bool) -> Piece:
    depth = 4.0 if back else 8.5
    outline = curve(
        [
            (-cut.neck + 1, cut.top - 4.5, True),
            (0, cut.top - 5.5),
            (cut.neck - 1, cut.top - 4.5, True),
            (cut.neck + 1.5, cut.top + 1.5, True),
            (0, cut.top + depth),
            (-cut.neck - 1.5, cut.top + 1.5, True),
        ]
    )
    return Piece(outline=outline, rib_spacing=RIB_SPACING, tone=0.85)


def _make_turned_collar(cut: Cut) -> Piece:
    top = cut.top
    return Piece(
        outline=curve(
            [
                (-cut.neck - 2, top + 2, True),
                (-cut.neck + 1, top - 4.5),
                (cut.neck - 1, top - 4.5),
                (cut.neck + 2, top + 2, True),
                (0, top + 8),
            ]
        )
    )


def _make_lapels(cut: Cut) -> list[Piece]:
    low = cut.top + cut.drop
    lapel = curve(
        [
            (cut.neck - 3, cut.top + 6, True),
            (cut.neck + 8.5, cut.top + 13.5, True),
            (2.5, low + 6, True),
            (-1, low + 1, True),
        ]
    )
    collar = curve(
        [
            (cut.neck * 0.5, cut.top - 4, True),
            (cut.neck + 2, cut.top, True),
            (cut.neck + 7.5, cut.top + 9.5, True),
            (cut.neck + 3.5, cut.top + 12, True),
            (cut.neck - 2, cut.top + 9, True),
            (cut.neck * 0.55, cut.top, True),
        ]
    )
    left, right = both_sides(Piece(outline=lapel, angle=0.5))
    return [right, left, *both_sides(Piece(outline=collar, angle=0.8, tone=0.96))]
