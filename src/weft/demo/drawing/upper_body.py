"""Parts of all garments of the upper body: trunk, neck opening, sleeves, seams."""

import math
from dataclasses import dataclass, replace

from weft.demo.drawing.shapes import Outline, Piece, Point, Stroke, both_sides, curve, strokes_both_sides


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Measures of one half of a garment, in garment units; x is the distance from the middle."""

    neck: float
    top: float
    """y of the point where shoulder and neck meet."""
    shoulder: float
    slope: float = 6.0
    """How far the shoulder drops towards the sleeve."""
    chest: float
    armpit: float
    """y of the armpit."""
    waist: float
    waist_y: float
    hem: float
    hem_y: float
    hem_curve: float = 1.5
    """How far the middle of the hem is below its corners."""
    drop: float = 8.0
    """Depth of the neck opening at the front."""
    neckline: str = "round"
    sleeve: str = "short"
    sleeve_width: float = 8.0
    """Width at the end of the sleeve."""
    sleeve_length: float = 18.0
    sleeve_lean: float = 0.9
    """Angle to the vertical in radians."""
    puff: float = 0.0
    """How far the middle of the sleeve bulges."""


def fit_to_gender(cut: Cut, gender: str) -> Cut:
    """Return the cut with a narrower waist for women, or with broader shoulders for men."""
    if gender == "women":
        return replace(cut, waist=cut.waist * 0.9, shoulder=cut.shoulder * 0.96)
    return replace(cut, shoulder=cut.shoulder * 1.05, chest=cut.chest * 1.04)


def make_trunk(cut: Cut, *, back: bool) -> Piece:
    """Make the body of the garment without sleeves."""
    side = _trace_side(cut)
    right: list[Point] = [(cut.neck, cut.top, True), *side]
    left: list[Point] = [_mirror_point(point) for point in reversed(right)]
    return Piece(outline=curve([*right, (0.0, cut.hem_y + cut.hem_curve), *left, *_trace_neck_opening(cut, back=back)]))


def make_neck_inside(cut: Cut, *, back: bool, tone: float = 0.55) -> Piece:
    """Make the inside of the back, which is visible through the neck opening."""
    dip = cut.top + 1.5
    lower = [] if back else _trace_neck_opening(cut, back=False)
    right, left = (cut.neck, cut.top, True), (-cut.neck, cut.top, True)
    return Piece(outline=curve([left, (0.0, dip), right, *reversed(lower)]), tone=tone, rim_shading=0.4)


def make_sleeves(cut: Cut) -> tuple[Piece, ...]:
    """Make both sleeves, or none."""
    if cut.sleeve == "sleeveless":
        return ()
    return both_sides(Piece(outline=curve(_trace_sleeve(cut)), angle=-cut.sleeve_lean * 0.9))


def make_cuffs(cut: Cut, depth: float, *, rib_spacing: float = 0.0, width_factor: float = 1.0) -> tuple[Piece, ...]:
    """Make a band at the end of each sleeve."""
    if cut.sleeve == "sleeveless":
        return ()
    outer, inner = locate_sleeve_end(cut)
    along = (math.sin(cut.sleeve_lean) * depth, math.cos(cut.sleeve_lean) * depth)
    middle = ((outer[0] + inner[0]) / 2, (outer[1] + inner[1]) / 2)
    outer, inner = (
        (middle[0] + (x - middle[0]) * width_factor, middle[1] + (y - middle[1]) * width_factor)
        for x, y in (outer, inner)
    )
    corners: list[Point] = [
        (*outer, True),
        (outer[0] + along[0], outer[1] + along[1], True),
        (inner[0] + along[0], inner[1] + along[1], True),
        (*inner, True),
    ]
    return both_sides(Piece(outline=curve(corners), angle=-cut.sleeve_lean, rib_spacing=rib_spacing, tone=0.95))


def make_hem_band(cut: Cut, depth: float, *, rib_spacing: float = 0.0) -> Piece:
    """Make a band below the trunk."""
    lower = cut.hem_y + depth
    return Piece(
        outline=curve(
            [
                (cut.hem, cut.hem_y - 0.5, True),
                (cut.hem - 1.0, lower, True),
                (0.0, lower + cut.hem_curve),
                (1.0 - cut.hem, lower, True),
                (-cut.hem, cut.hem_y - 0.5, True),
                (0.0, cut.hem_y + cut.hem_curve - 0.5),
            ]
        ),
        rib_spacing=rib_spacing,
        tone=0.95,
    )


def locate_sleeve_end(cut: Cut) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the outer and inner corner of the end of the right sleeve."""
    x = cut.shoulder + math.sin(cut.sleeve_lean) * cut.sleeve_length
    y = cut.top + cut.slope + math.cos(cut.sleeve_lean) * cut.sleeve_length
    across = (math.cos(cut.sleeve_lean) * cut.sleeve_width, -math.sin(cut.sleeve_lean) * cut.sleeve_width)
    return (x, y), (x - across[0], y - across[1])


def make_neck_edge(cut: Cut, *, back: bool) -> Outline:
    """Trace the neck opening, for a rib or a seam along it."""
    points: list[Point] = [(-cut.neck, cut.top, True), *_trace_neck_opening(cut, back=back), (cut.neck, cut.top, True)]
    return curve(points, closed=False)


def make_seams(cut: Cut) -> tuple[Stroke, ...]:
    """Make the armhole seams and the stitches along the hem and the ends of the sleeves."""
    if cut.sleeve == "sleeveless":
        return strokes_both_sides(Stroke(outline=curve([*_trace_armhole(cut)], closed=False), width=0.5, tone=-0.3))
    outer, inner = locate_sleeve_end(cut)
    inset = (-math.sin(cut.sleeve_lean) * 1.6, -math.cos(cut.sleeve_lean) * 1.6)
    end: list[Point] = [(outer[0] + inset[0], outer[1] + inset[1]), (inner[0] + inset[0], inner[1] + inset[1])]
    return (
        *strokes_both_sides(Stroke(outline=curve(_trace_armhole(cut), closed=False), width=0.5, tone=-0.35)),
        *strokes_both_sides(Stroke(outline=curve(end, closed=False), width=0.35, tone=-0.25)),
    )


def _trace_armhole(cut: Cut) -> list[Point]:
    middle_x = min(cut.shoulder, cut.chest) - (2.2 if cut.sleeve == "sleeveless" else 1.4)
    middle_y = (cut.top + cut.slope + cut.armpit) / 2 + 2
    return [(cut.shoulder, cut.top + cut.slope), (middle_x, middle_y), (cut.chest, cut.armpit)]


def _trace_side(cut: Cut) -> list[Point]:
    tip, middle, armpit = _trace_armhole(cut)
    return [
        (tip[0], tip[1], True),
        (middle[0], middle[1]),
        (armpit[0], armpit[1], True),
        (cut.waist, cut.waist_y),
        (cut.hem, cut.hem_y, True),
    ]


def _trace_sleeve(cut: Cut) -> list[Point]:
    outer, inner = locate_sleeve_end(cut)
    tip_x, tip_y = cut.shoulder - 1.5, cut.top + cut.slope - 0.3
    swell_x = (tip_x + outer[0]) / 2 + 2.0 + cut.puff
    swell_y = (tip_y + outer[1]) / 2 - 3.0 * math.sin(cut.sleeve_lean)
    fold_x = (cut.chest + inner[0]) / 2 + (0.5 if cut.sleeve == "short" else -0.3) - cut.puff * 0.4
    return [
        (tip_x - 3.0, tip_y - 0.6, True),
        (tip_x + 2.4, tip_y + 1.6),
        (swell_x, swell_y),
        (*outer, True),
        (*inner, True),
        (fold_x, (cut.armpit + inner[1]) / 2),
        (cut.chest - 1.0, cut.armpit + 1.5, True),
        (cut.shoulder - 5.0, (cut.armpit + tip_y) / 2),
    ]


def _trace_neck_opening(cut: Cut, *, back: bool) -> list[Point]:
    """Trace from the left to the right neck point, both excluded."""
    if back:
        return [(-cut.neck * 0.6, cut.top + 1.4), (0.0, cut.top + 2.0), (cut.neck * 0.6, cut.top + 1.4)]
    low = cut.top + cut.drop
    if cut.neckline == "v-neck":
        return [(0.0, low, True)]
    bend = cut.top + cut.drop * 0.68
    return [(-cut.neck * 0.78, bend), (0.0, low), (cut.neck * 0.78, bend)]


def _mirror_point(point: Point) -> Point:
    return (-point[0], point[1], len(point) == 3)
