"""Jumpers, cardigans and hoodies: soft, with ribbed ends."""

import random
from dataclasses import replace

from weft.demo.catalogue import DemoProduct
from weft.demo.drawing import bodice
from weft.demo.drawing.bodice import Cut
from weft.demo.drawing.sketch import (
    Piece,
    Sketch,
    Stroke,
    both_sides,
    box,
    curve,
    disc,
    line,
    mirrored,
    shifted,
    strokes_both_sides,
)
from weft.demo.drawing.tops import around, sleeve_cut

RIB = 1.5
_CORD = (238, 236, 230)


def jumper(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
    """A jumper: knitted, ribbed at neck, cuffs and hem."""
    cut = _knitted(product, rng, 76.0 if product.length == "cropped" else 97.0)
    pieces = [*bodice.sleeves(cut), bodice.neck_inside(cut, back=back), bodice.trunk(cut, back=back)]
    pieces += [*bodice.cuffs(cut, 6, ribs=RIB, spread=0.95), bodice.hem_band(cut, 6.5, ribs=RIB)]
    strokes = [*bodice.seams(cut)[:2]]
    edge = bodice.opening_edge(cut, back=back)
    if product.neckline == "roll-neck":
        pieces += _roll_neck(cut)
    else:
        strokes += [
            Stroke(outline=shifted(edge, 0, 1.0), width=3.2, tone=-0.2),
            Stroke(outline=shifted(edge, 0, 2.7), width=0.5),
        ]
    return Sketch(pieces=tuple(pieces), strokes=tuple(strokes), focus=(0, 34), texture="knit")


def cardigan(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
    """A cardigan: a knitted front that opens, with a button band and pockets."""
    cut = replace(_knitted(product, rng, 98.0), drop=27, neckline="v-neck")
    pieces = [*bodice.sleeves(cut), bodice.neck_inside(cut, back=back, tone=0.6), bodice.trunk(cut, back=back)]
    pieces += [*bodice.cuffs(cut, 6, ribs=RIB, spread=0.95), bodice.hem_band(cut, 6.5, ribs=RIB)]
    strokes = [*bodice.seams(cut)[:2]]
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
        pieces += [Piece(outline=mirrored(band), tone=0.9, ribs=1.2), Piece(outline=band, tone=0.97, ribs=1.2)]
        rows = [low + 4 + k * 10.5 for k in range(5)]
        strokes += [Stroke(outline=disc(0.9, y, 1.7), width=0, tone=-0.6) for y in rows]
        strokes += [Stroke(outline=disc(0.6, y - 0.4, 0.7), width=0, tone=0.4) for y in rows]
        pieces += both_sides(Piece(outline=box(6.5, 78, 19, 93), rim=0.7))
        strokes += strokes_both_sides(Stroke(outline=line((6.5, 80.5), (19, 80.5)), width=0.6))
    return Sketch(pieces=tuple(pieces), strokes=tuple(strokes), focus=(2, 55), texture="knit")


def hoodie(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
    """A hoodie: hood, drawstrings, kangaroo pocket."""
    cut = _knitted(product, rng, 80.0 if product.length == "cropped" else 98.0)
    cut = replace(cut, top=27, armpit=52, neck=10, drop=9, neckline="round", chest=cut.chest + 1)
    pieces = [] if back else _hood(cut)
    pieces += [*bodice.sleeves(cut), bodice.trunk(cut, back=back)]
    pieces += [*bodice.cuffs(cut, 6, ribs=RIB, spread=0.92), bodice.hem_band(cut, 6.5, ribs=RIB)]
    strokes = [*bodice.seams(cut)[:2]]
    if back:
        pieces.append(_hood_behind(cut))
    else:
        pieces += _hood_edges(cut)
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
        pieces.append(Piece(outline=pocket, rim=0.9))
        strokes += strokes_both_sides(Stroke(outline=line((9, low - 21), (15, low - 7)), width=0.9))
        cord = curve([(3.4, 35), (4.4, 44), (3.8, 54)], closed=False)
        strokes += strokes_both_sides(Stroke(outline=cord, width=1.3, rgb=_CORD))
        strokes += strokes_both_sides(Stroke(outline=line((3.9, 53), (3.7, 56)), width=1.7, rgb=(150, 150, 150)))
    return Sketch(pieces=tuple(pieces), strokes=tuple(strokes), focus=(0, 38), texture="smooth")


def _knitted(product: DemoProduct, rng: random.Random, hem_y: float) -> Cut:
    cut = Cut(
        neck=around(rng, 9.5),
        top=21,
        shoulder=around(rng, 25),
        slope=7,
        chest=around(rng, 24),
        armpit=48,
        waist=around(rng, 24),
        waist_y=75,
        hem=around(rng, 22.5),
        hem_y=around(rng, hem_y, 0.02),
        drop=17 if product.neckline == "v-neck" else 7,
        neckline="v-neck" if product.neckline == "v-neck" else "round",
    )
    return sleeve_cut(bodice.for_gender(cut, product.gender), rng, "long", wrist=9, reach=55)


def _roll_neck(cut: Cut) -> list[Piece]:
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
    mouth = Piece(outline=disc(0, cut.top - 8.2, cut.neck - 1.5, 1.6), tone=0.5, rim=0.3)
    return [Piece(outline=tube, ribs=RIB), mouth]


def _hood(cut: Cut) -> list[Piece]:
    """The hood as it stands up behind the neck, and its dark inside."""
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
    return [Piece(outline=outer), Piece(outline=inner, tone=0.5, rim=0.5)]


def _hood_edges(cut: Cut) -> tuple[Piece, Piece]:
    """The two ends of the hood that cross over the chest."""
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


def _hood_behind(cut: Cut) -> Piece:
    """The hood as it hangs down the back."""
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
