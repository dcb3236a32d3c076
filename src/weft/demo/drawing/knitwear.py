"""Jumpers, cardigans and hoodies: soft, with ribbed ends."""

import random
from dataclasses import replace

from weft.demo.catalogue import DemoProduct
from weft.demo.drawing import upper_body
from weft.demo.drawing.shapes import (
    Piece,
    Sketch,
    Stroke,
    both_sides,
    box,
    curve,
    ellipse,
    line,
    mirror,
    strokes_both_sides,
    translate,
)
from weft.demo.drawing.tops import add_sleeves, vary
from weft.demo.drawing.upper_body import Cut

RIB_SPACING = 1.5
_CORD_RGB = (238, 236, 230)


def sketch_jumper(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
    """Sketch a jumper: knitted, ribbed at neck, cuffs and hem."""
    cut = _make_knit_cut(product, rng, 76.0 if product.length == "cropped" else 97.0)
    pieces = [
        *upper_body.make_sleeves(cut),
        upper_body.make_neck_inside(cut, back=back),
        upper_body.make_trunk(cut, back=back),
    ]
    pieces += [
        *upper_body.make_cuffs(cut, 6, rib_spacing=RIB_SPACING, width_factor=0.95),
        upper_body.make_hem_band(cut, 6.5, rib_spacing=RIB_SPACING),
    ]
    strokes = [*upper_body.make_seams(cut)[:2]]
    edge = upper_body.make_neck_edge(cut, back=back)
    if product.neckline == "roll-neck":
        pieces += _make_roll_neck(cut)
    else:
        strokes += [
            Stroke(outline=translate(edge, 0, 1.0), width=3.2, tone=-0.2),
            Stroke(outline=translate(edge, 0, 2.7), width=0.5),
        ]
    return Sketch(pieces=tuple(pieces), strokes=tuple(strokes), focus=(0, 34), texture="knit")


def sketch_cardigan(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
    """Sketch a cardigan: a knitted front that opens, with a button band and pockets."""
    cut = replace(_make_knit_cut(product, rng, 98.0), drop=27, neckline="v-neck")
    pieces = [
        *upper_body.make_sleeves(cut),
        upper_body.make_neck_inside(cut, back=back, tone=0.6),
        upper_body.make_trunk(cut, back=back),
    ]
    pieces += [
        *upper_body.make_cuffs(cut, 6, rib_spacing=RIB_SPACING, width_factor=0.95),
        upper_body.make_hem_band(cut, 6.5, rib_spacing=RIB_SPACING),
    ]
    strokes = [*upper_body.make_seams(cut)[:2]]
    if not back:
        low = cut.top + cut.drop
        band = curve(
            [
                (cut.neck - 1.5, cut.top - 1, True),
                (cut.neck + 2.5, cut.top + 1, True),
                (3, low + 2),
                (3, 104.5, True),
                (-1.2, 104.5, True),
                (-1.2, low, True),
            ]
        )
        pieces += [
            Piece(outline=mirror(band), tone=0.9, rib_spacing=1.2),
            Piece(outline=band, tone=0.97, rib_spacing=1.2),
        ]
        rows = [low + 4 + k * 10.5 for k in range(5)]
        strokes += [Stroke(outline=ellipse(0.9, y, 1.7), width=0, tone=-0.6) for y in rows]
        strokes += [Stroke(outline=ellipse(0.6, y - 0.4, 0.7), width=0, tone=0.4) for y in rows]
        pieces += both_sides(Piece(outline=box(6.5, 78, 19, 93), rim_shading=0.7))
        strokes += strokes_both_sides(Stroke(outline=line((6.5, 80.5), (19, 80.5)), width=0.6))
    return Sketch(pieces=tuple(pieces), strokes=tuple(strokes), focus=(2, 55), texture="knit")


def sketch_hoodie(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
    """Sketch a hoodie: hood, drawstrings, kangaroo pocket."""
    cut = _make_knit_cut(product, rng, 80.0 if product.length == "cropped" else 98.0)
    cut = replace(cut, top=27, armpit=52, neck=10, drop=9, neckline="round", chest=cut.chest + 1)
    pieces = [] if back else _make_hood(cut)
    pieces += [*upper_body.make_sleeves(cut), upper_body.make_trunk(cut, back=back)]
    pieces += [
        *upper_body.make_cuffs(cut, 6, rib_spacing=RIB_SPACING, width_factor=0.92),
        upper_body.make_hem_band(cut, 6.5, rib_spacing=RIB_SPACING),
    ]
    strokes = [*upper_body.make_seams(cut)[:2]]
    if back:
        pieces.append(_make_hood_back(cut))
    else:
        pieces += _make_hood_edges(cut)
        low = cut.hem_y - 3
        pocket = curve(
            [
                (-9, low - 21, True),
                (9, low - 21, True),
                (15, low - 7, True),
                (15, low, True),
                (-15, low, True),
                (-15, low - 7, True),
            ]
        )
        pieces.append(Piece(outline=pocket, rim_shading=0.9))
        strokes += strokes_both_sides(Stroke(outline=line((9, low - 21), (15, low - 7)), width=0.9))
        cord = curve([(3.4, 35), (4.4, 44), (3.8, 54)], closed=False)
        strokes += strokes_both_sides(Stroke(outline=cord, width=1.3, rgb=_CORD_RGB))
        strokes += strokes_both_sides(Stroke(outline=line((3.9, 53), (3.7, 56)), width=1.7, rgb=(150, 150, 150)))
    return Sketch(pieces=tuple(pieces), strokes=tuple(strokes), focus=(0, 38), texture="smooth")


def _make_knit_cut(product: DemoProduct, rng: random.Random, hem_y: float) -> Cut:
    cut = Cut(
        neck=vary(rng, 9.5),
        top=21,
        shoulder=vary(rng, 25),
        slope=7,
        chest=vary(rng, 24),
        armpit=48,
        waist=vary(rng, 24),
        waist_y=75,
        hem=vary(rng, 22.5),
        hem_y=vary(rng, hem_y, 0.02),
        drop=17 if product.neckline == "v-neck" else 7,
        neckline="v-neck" if product.neckline == "v-neck" else "round",
    )
    return add_sleeves(upper_body.fit_to_gender(cut, product.gender), rng, "long", wrist_width=9, long_sleeve_length=55)


def _make_roll_neck(cut: Cut) -> list[Piece]:
    tube = curve(
        [
            (-cut.neck + 0.5, cut.top - 8, True),
            (0, cut.top - 9.5),
            (cut.neck - 0.5, cut.top - 8, True),
            (cut.neck + 1.5, cut.top + 3, True),
            (0, cut.top + 7.5),
            (-cut.neck - 1.5, cut.top + 3, True),
        ]
    )
    mouth = Piece(outline=ellipse(0, cut.top - 8.2, cut.neck - 1.5, 1.6), tone=0.5, rim_shading=0.3)
    return [Piece(outline=tube, rib_spacing=RIB_SPACING), mouth]


def _make_hood(cut: Cut) -> list[Piece]:
    """Make the hood behind the neck and its dark inside."""
    outer = curve(
        [
            (-cut.neck - 5, cut.top + 4, True),
            (-15, 15),
            (-9, 5),
            (0, 2.5),
            (9, 5),
            (15, 15),
            (cut.neck + 5, cut.top + 4, True),
        ]
    )
    inner = curve(
        [
            (-cut.neck, cut.top + 3),
            (-10.5, 16),
            (-6, 9),
            (0, 7),
            (6, 9),
            (10.5, 16),
            (cut.neck, cut.top + 3),
            (0, cut.top + 12),
        ]
    )
    return [Piece(outline=outer), Piece(outline=inner, tone=0.5, rim_shading=0.5)]


def _make_hood_edges(cut: Cut) -> tuple[Piece, Piece]:
    """Make the two ends of the hood that cross over the chest."""
    edge = curve(
        [
            (cut.neck + 5.5, cut.top + 4, True),
            (13, 18),
            (10.5, 16, True),
            (cut.neck - 1.5, cut.top + 3),
            (-1.5, cut.top + 11, True),
            (3, cut.top + 13),
            (11, cut.top + 9),
        ]
    )
    return both_sides(Piece(outline=edge))


def _make_hood_back(cut: Cut) -> Piece:
    """Make the hood on the back."""
    outline = curve(
        [
            (-cut.neck - 3, cut.top + 1),
            (-cut.neck - 4, cut.top + 10),
            (-8, cut.top + 22),
            (0, cut.top + 27),
            (8, cut.top + 22),
            (cut.neck + 4, cut.top + 10),
            (cut.neck + 3, cut.top + 1),
            (0, cut.top - 4),
        ]
    )
    return Piece(outline=outline)
