"""The photos: deterministic, all different, of the colour they should be."""

import io
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from weft.demo.catalogue import VIEWS, DemoProduct, generate_product, generate_products
from weft.demo.drawing import SKETCH_FUNCTIONS, sketch_garment
from weft.demo.drawing.render import HEIGHT_PX, WIDTH_PX
from weft.demo.drawing.shapes import curve, mirror
from weft.demo.garment_kinds import KINDS
from weft.demo.photos import make_cloth, render_photo, render_thumbnail


def find_first_product(kind: str) -> DemoProduct:
    return next(p for p in generate_products(1, 2000) if p.kind == kind)


def test_the_same_photo_is_the_same_bytes() -> None:
    for view in VIEWS:
        assert render_photo(generate_product(1, 4), view) == render_photo(generate_product(1, 4), view)


def test_another_seed_is_another_photo() -> None:
    assert render_photo(generate_product(1, 4), "front") != render_photo(generate_product(2, 4), "front")


def test_no_two_products_are_pixel_equal() -> None:
    assert len({render_photo(p, "front") for p in generate_products(1, 60)}) == 60


def test_the_views_of_a_product_differ() -> None:
    assert len({render_photo(generate_product(1, 5), view) for view in VIEWS}) == len(VIEWS)


def test_photos_are_large_enough_and_thumbnails_smaller() -> None:
    full, small = (
        Image.open(io.BytesIO(data))
        for data in (render_photo(generate_product(1, 0), "front"), render_thumbnail(generate_product(1, 0)))
    )
    assert full.format == small.format == "JPEG"
    assert full.size == (WIDTH_PX, HEIGHT_PX)
    assert min(full.size) >= 256
    assert max(small.size) < 128


def test_there_is_a_sketch_for_every_kind() -> None:
    assert set(SKETCH_FUNCTIONS) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_drawn_in_every_view(kind: str) -> None:
    for view in VIEWS:
        assert render_photo(find_first_product(kind), view)


@pytest.mark.parametrize("kind", KINDS)
def test_front_and_back_have_the_same_measures(kind: str) -> None:
    product = find_first_product(kind)
    widths = []
    for back in (False, True):
        points = np.vstack([piece.outline for piece in sketch_garment(product, back=back).pieces])
        widths.append(np.ptp(points[:, 0]))
    assert widths[0] == pytest.approx(widths[1], rel=0.05)


def test_a_plain_garment_has_its_own_colour_in_the_middle() -> None:
    product = next(
        p for p in generate_products(1, 3000) if p.kind == "jumper" and p.pattern == "plain" and p.colour == "red"
    )
    pixels = np.asarray(Image.open(io.BytesIO(render_photo(product, "front"))).convert("RGB"), dtype=float)
    middle = pixels[HEIGHT_PX // 2 - 20 : HEIGHT_PX // 2 + 20, WIDTH_PX // 2 - 20 : WIDTH_PX // 2 + 20].mean(
        axis=(0, 1)
    )
    assert np.abs(middle - make_cloth(product).rgb).max() < 30


def test_a_curve_passes_through_its_corners_and_stays_smooth_elsewhere() -> None:
    path = curve([(0, 0, True), (10, 0, True), (10, 10), (0, 10, True)])
    for corner in ((0, 0), (10, 0), (0, 10)):
        assert (np.abs(path - corner).sum(axis=1) < 1e-9).any()
    steps = [np.hypot(*(end - start)) for start, end in pairwise(path)]
    assert max(steps) <= 10 + 1e-9


def test_mirroring_twice_changes_nothing() -> None:
    path = curve([(1, 2), (3, 5), (-4, 8)])
    assert np.array_equal(mirror(mirror(path)), path)
