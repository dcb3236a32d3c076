"""T-shirts, shirts, blouses and dresses."""

import random
from dataclasses import replace

from weft.demo.catalogue import DemoProduct
from weft.demo.drawing import upper_body
from weft.demo.drawing.shapes import Piece, Point, Sketch, Stroke, both_sides, box, curve, ellipse, line, translate
from weft.demo.drawing.upper_body import Cut


def vary(rng: random.Random, value: float, max_deviation: float = 0.06) -> float:
    """Return the value with a random change of up to `share` of it, so that garments differ."""
    return value * rng.uniform(1 - max_deviation, 1 + max_deviation)


def add_sleeves(
    cut: Cut, rng: random.Random, sleeve: str, wrist_width: float = 7.0, long_sleeve_length: float = 58.0
) -> Cut:
    """Return the cut with sleeves of the given length, or with narrow shoulders if it has no sleeves."""
    if sleeve == "sleeveless":
        return replace(cut, sleeve=sleeve, shoulder=cut.shoulder * 0.7, neck=cut.neck * 1.02)
    if sleeve == "short":
        length, lean = vary(rng, 19), vary(rng, 0.78, 0.15)
        return replace(cut, sleeve=sleeve, sleeve_length=length, sleeve_lean=lean, sleeve_width=vary(rng, 14))
    lean = vary(rng, 0.24, 0.3)
    return replace(
        cut, sleeve=sleeve, sleeve_length=long_sleeve_length, sleeve_lean=lean, sleeve_width=vary(rng, wrist_width)
    )


def sketch_t_shirt(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
    """Sketch a t-shirt: ribbed neck, no fastening."""
    hem_y = 78.0 if product.length == "cropped" else 104.0
    cut = Cut(
        neck=vary(rng, 9.5),
        top=20,
        shoulder=vary(rng, 24),
        chest=vary(rng, 22.5),
        armpit=45,
        waist=vary(rng, 21.5),
        waist_y=70,
        hem=vary(rng, 22.5),
        hem_y=vary(rng, hem_y, 0.03),
        drop=16 if product.neckline == "v-neck" else 7.5,
        neckline=product.neckline or "round",
    )
    cut = add_sleeves(upper_body.fit_to_gender(cut, product.gender), rng, product.sleeve or "short")
    edge = upper_body.make_neck_edge(cut, back=back)
    return Sketch(
        pieces=(
            *upper_body.make_sleeves(cut),
            upper_body.make_neck_inside(cut, back=back),
            upper_body.make_trunk(cut, back=back),
        ),
        strokes=(
            *upper_body.make_seams(cut),
            Stroke(outline=translate(edge, 0, 0.4), width=2.0, tone=-0.16),
            Stroke(outline=translate(edge, 0, 1.5), width=0.4, tone=-0.4),
            Stroke(outline=line((-cut.hem + 1, cut.hem_y - 2.5), (cut.hem - 1, cut.hem_y - 2.5)), width=0.4),
        ),
        focus=(0, 34),
        texture="smooth",
    )


def sketch_shirt(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
    """Sketch a shirt: collar, buttons down the front, cuffs, curved tail, chest pocket."""
    cut = Cut(
        neck=vary(rng, 8),
        top=19,
        shoulder=vary(rng, 24),
        chest=vary(rng, 23),
        armpit=45,
        waist=vary(rng, 22),
        waist_y=72,
        hem=vary(rng, 22),
        hem_y=101,
        hem_curve=9,
        drop=7,
        neckline="v-neck",
    )
    cut = add_sleeves(upper_body.fit_to_gender(cut, product.gender), rng, product.sleeve or "long", wrist_width=8)
    pieces = [
        *upper_body.make_sleeves(cut),
        upper_body.make_neck_inside(cut, back=back),
        upper_body.make_trunk(cut, back=back),
    ]
    if cut.sleeve == "long":
        pieces += upper_body.make_cuffs(cut, 6.5, width_factor=1.12)
    pieces += _make_back_collar(cut) if back else _make_front_collar(cut)
    strokes = [*upper_body.make_seams(cut)]
    if back:
        yoke = curve([(-cut.shoulder + 2, 32), (0, 34), (cut.shoulder - 2, 32)], closed=False)
        strokes += [Stroke(outline=yoke, width=0.5), Stroke(outline=line((0, 34), (0, 104)), width=0.5, tone=-0.2)]
    else:
        strokes += _make_placket(27.5, 107, 7)
        strokes += _make_pocket(7.5, 42, 11)
    return Sketch(pieces=tuple(pieces), strokes=tuple(strokes), focus=(2, 33))


def sketch_blouse(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
    """Sketch a blouse: puffed sleeves, a bow at the neck, a gathered waist with a peplum."""
    cut = Cut(
        neck=vary(rng, 8.5),
        top=21,
        shoulder=vary(rng, 21),
        chest=vary(rng, 20),
        armpit=45,
        waist=vary(rng, 15.5),
        waist_y=74,
        hem=vary(rng, 25),
        hem_y=98,
        hem_curve=3.5,
        drop=15 if product.neckline == "v-neck" else 6,
        neckline=product.neckline or "round",
        puff=3.5,
    )
    cut = add_sleeves(cut, rng, product.sleeve or "long", wrist_width=11, long_sleeve_length=50)
    if cut.sleeve == "short":
        cut = replace(cut, puff=3.5, sleeve_length=15)
    pieces = [
        *upper_body.make_sleeves(cut),
        upper_body.make_neck_inside(cut, back=back),
        upper_body.make_trunk(cut, back=back),
    ]
    if cut.sleeve != "sleeveless":
        pieces += upper_body.make_cuffs(cut, 4, width_factor=0.68)
    strokes = [*upper_body.make_seams(cut), *_make_gathers(cut)]
    if not back:
        pieces += _make_bow(cut.top + cut.drop + 1)
        strokes += [
            Stroke(outline=ellipse(0, y, 0.7), width=0, tone=0.6) for y in range(int(cut.top + cut.drop + 12), 74, 9)
        ]
    edge = upper_body.make_neck_edge(cut, back=back)
    strokes.append(Stroke(outline=edge, width=1.2, tone=-0.2))
    return Sketch(pieces=tuple(pieces), strokes=tuple(strokes), focus=(0, 38), texture="smooth")


def sketch_dress(product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
    """Sketch a dress: fitted to the waist, flared below it."""
    hem, hem_y = {"mini": (25.0, 88.0), "knee": (30.0, 105.0), "maxi": (36.0, 127.0)}[product.length or "knee"]
    cut = Cut(
        neck=vary(rng, 8.5),
        top=10,
        shoulder=vary(rng, 18.5),
        slope=4.5,
        chest=vary(rng, 16.5),
        armpit=29,
        waist=vary(rng, 12.5),
        waist_y=50,
        hem=15,
        hem_y=51,
        hem_curve=0.5,
        drop=14 if product.neckline == "v-neck" else 8,
        neckline=product.neckline or "round",
    )
    cut = add_sleeves(cut, rng, product.sleeve or "short", wrist_width=6, long_sleeve_length=47)
    if cut.sleeve == "short":
        cut = replace(cut, sleeve_length=13, sleeve_width=11)
    cut = replace(cut, hem=cut.waist)
    skirt = make_flared_skirt(cut.waist, 50, vary(rng, hem, 0.08), vary(rng, hem_y, 0.015), rng)
    edge = upper_body.make_neck_edge(cut, back=back)
    strokes = [*upper_body.make_seams(cut), Stroke(outline=edge, width=1.0, tone=-0.2), *skirt[1]]
    if back:
        strokes.append(Stroke(outline=line((0, 13), (0, 58)), width=0.6, tone=-0.5))
    band = Piece(
        outline=box(-cut.waist - 0.3, 48.5, cut.waist + 0.3, 53), tone=0.86, is_second_colour=rng.random() < 0.3
    )
    return Sketch(
        pieces=(
            *upper_body.make_sleeves(cut),
            upper_body.make_neck_inside(cut, back=back),
            upper_body.make_trunk(cut, back=back),
            skirt[0],
            band,
        ),
        strokes=tuple(strokes),
        focus=(0, 30),
        texture="smooth",
    )


def make_flared_skirt(
    waist: float, top: float, hem: float, hem_y: float, rng: random.Random
) -> tuple[Piece, list[Stroke]]:
    """Make a skirt that widens from the waist, with its folds."""
    waves = rng.randint(5, 8)
    steps = [-1 + 2 * k / (2 * waves) for k in range(2 * waves + 1)]
    edge: list[Point] = [
        (hem * x, hem_y + (1.6 if k % 2 else -0.6) + 2.5 * (1 - x * x), abs(x) == 1) for k, x in enumerate(steps)
    ]
    hip_x, hip_y = waist + (hem - waist) * 0.42, top + (hem_y - top) * 0.3
    outline = curve([(waist, top, True), (hip_x, hip_y), *reversed(edge), (-hip_x, hip_y), (-waist, top, True)])
    folds = [
        Stroke(outline=line((waist * x * 0.9, top + rng.uniform(4, 14)), (hem * x, hem_y)), width=0.7, tone=-0.22)
        for x in steps[2:-2:2]
    ]
    return Piece(outline=outline), folds


def _make_front_collar(cut: Cut) -> list[Piece]:
    stand = Piece(
        outline=curve(
            [(-cut.neck, cut.top - 0.5, True), (0, cut.top - 4), (cut.neck, cut.top - 0.5, True), (0, cut.top + 3)]
        ),
        tone=0.72,
    )
    leaf = curve(
        [
            (cut.neck * 0.45, cut.top - 3.5, True),
            (cut.neck + 1, cut.top, True),
            (cut.neck + 2.5, cut.top + 12, True),
            (0.2, cut.top + 7.5, True),
        ]
    )
    return [stand, *both_sides(Piece(outline=leaf, angle=0.6))]


def _make_back_collar(cut: Cut) -> list[Piece]:
    outline = curve(
        [
            (-cut.neck - 1, cut.top + 1, True),
            (-cut.neck + 1, cut.top - 4),
            (cut.neck - 1, cut.top - 4),
            (cut.neck + 1, cut.top + 1, True),
            (0, cut.top + 5),
        ]
    )
    return [Piece(outline=outline)]


def _make_placket(top: float, bottom: float, buttons: int) -> list[Stroke]:
    step = (bottom - top - 6) / (buttons - 1)
    edges = [Stroke(outline=line((x, top), (x, bottom)), width=0.5, tone=-0.35) for x in (-2.2, 2.2)]
    rounds = [Stroke(outline=ellipse(0, top + 3 + k * step, 1.15), width=0, tone=0.7) for k in range(buttons)]
    rims = [Stroke(outline=ellipse(0, top + 3 + k * step, 1.15), width=0.3, tone=-0.6) for k in range(buttons)]
    return [*edges, *rounds, *rims]


def _make_pocket(x: float, y: float, size: float) -> list[Stroke]:
    outline = line((x, y), (x + size, y), (x + size, y + size), (x + size / 2, y + size + 2), (x, y + size), (x, y))
    return [Stroke(outline=outline, width=0.5), Stroke(outline=line((x, y + 2), (x + size, y + 2)), width=0.4)]


def _make_gathers(cut: Cut) -> list[Stroke]:
    waist = curve([(-cut.waist, cut.waist_y), (0, cut.waist_y + 1.5), (cut.waist, cut.waist_y)], closed=False)
    folds = [line((x, cut.waist_y + 1), (x * 1.35, cut.waist_y + 14)) for x in (-12.0, -8.0, -4.0, 0.0, 4.0, 8.0, 12.0)]
    return [Stroke(outline=waist, width=0.9), *(Stroke(outline=fold, width=0.5, tone=-0.25) for fold in folds)]


def _make_bow(y: float) -> list[Piece]:
    loop = curve([(0, y, True), (7, y - 5), (10, y - 1), (7, y + 3)])
    tail = curve([(0.2, y, True), (2.5, y + 8), (6.5, y + 19, True), (2.5, y + 20, True), (0, y + 8)])
    knot = Piece(outline=ellipse(0, y, 1.8, 2.0), tone=0.85)
    return [*both_sides(Piece(outline=tail, tone=0.9)), *both_sides(Piece(outline=loop, tone=0.97)), knot]
