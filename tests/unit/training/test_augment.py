import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from weft.training.augment import AugmentParams, augment, sample_augment_params


@pytest.fixture
def photos():
    return np.random.default_rng(0).integers(256, size=(8, 3, 6, 5), dtype=np.uint8)


def sample_params(count, flip=False, shift=0, crop=1.0, seed=4):
    return sample_augment_params(count, flip, shift, crop, np.random.default_rng(seed))


def naive_augment(photos, augment_params):
    """Pixel by pixel."""
    batch, channels, height, width = photos.shape
    result = np.empty_like(photos)
    for n, channel, y, x in np.ndindex(batch, channels, height, width):
        seen_x = width - 1 - x if augment_params.flipped[n] else x
        from_y = min(max(y + augment_params.translations_px[n, 0], 0), height - 1)
        from_x = min(max(seen_x + augment_params.translations_px[n, 1], 0), width - 1)
        result[n, channel, y, x] = photos[n, channel, from_y, from_x]
    return result


@pytest.mark.parametrize(("flip", "shift"), [(True, 0), (False, 2), (True, 2), (True, 7)])
def test_equals_a_naive_implementation(photos, flip, shift):
    augment_params = sample_params(8, flip, shift)
    done = augment(photos, augment_params)
    assert (done == naive_augment(photos, augment_params)).all()
    assert done.dtype == np.uint8
    assert not (done == photos).all()


def test_a_crop_equals_pillows_resize_of_its_box(photos):
    augment_params = sample_params(8, crop=0.5)
    done = augment(photos, augment_params)
    for photo, cropped, (left, top, right, bottom) in zip(photos, done, augment_params.crop_boxes, strict=True):
        image = Image.fromarray(photo.transpose(1, 2, 0).copy())
        expected = image.resize((5, 6), Image.Resampling.BILINEAR, box=(left * 5, top * 6, right * 5, bottom * 6))
        assert (cropped.transpose(1, 2, 0) == np.asarray(expected)).all()


def test_photos_stay_the_same_without_augmentation(photos):
    assert (augment(photos, sample_params(8)) == photos).all()


@given(seed=st.integers(0, 10**9), crop=st.floats(0.05, 1.0))
def test_a_crop_lies_in_the_photo_and_keeps_its_share_of_the_area(seed, crop):
    left, top, right, bottom = sample_params(50, crop=crop, seed=seed).crop_boxes.T
    assert (left >= 0).all()
    assert (top >= 0).all()
    assert (right <= 1 + 1e-9).all()
    assert (bottom <= 1 + 1e-9).all()
    # A wide crop of nearly the whole photo is cut at the photo's edge: it loses at most its stretch.
    assert ((right - left) * (bottom - top) >= crop / 1.25**0.5 - 1e-9).all()


def test_a_photo_of_one_colour_stays_the_same():
    photos = np.broadcast_to(np.array([200, 30, 90], np.uint8)[:, None, None], (20, 3, 9, 7)).copy()
    assert (augment(photos, sample_params(20, True, 3, 0.3)) == photos).all()


def test_half_of_the_photos_are_mirrored():
    assert 420 < int(sample_params(1_000, flip=True).flipped.sum()) < 580
    assert not sample_params(1_000).flipped.any()


def test_uncovered_borders_repeat_the_edge():
    photos = np.broadcast_to(np.arange(1, 6, dtype=np.uint8), (200, 3, 4, 5)).copy()
    rows = {tuple(row) for row in augment(photos, sample_params(200, shift=2))[:, 0, 0].tolist()}
    assert rows == {(1, 1, 1, 2, 3), (1, 1, 2, 3, 4), (1, 2, 3, 4, 5), (2, 3, 4, 5, 5), (3, 4, 5, 5, 5)}


def test_parts_of_a_batch_are_augmented_like_the_whole_batch(photos):
    augment_params = sample_params(8, True, 2, 0.5)
    parts = [augment(photos[rows], augment_params.select(rows)) for rows in (slice(0, 3), slice(3, 8))]
    assert (np.concatenate(parts) == augment(photos, augment_params)).all()


def test_augment_does_not_change_its_input(photos):
    before = photos.copy()
    augment(photos, sample_params(8, True, 2, 0.5))
    assert (photos == before).all()


def test_an_empty_batch_stays_empty():
    nothing = AugmentParams(np.empty(0, bool), np.empty((0, 2), np.int64), np.empty((0, 4)))
    assert augment(np.empty((0, 3, 4, 4), np.uint8), nothing).shape == (0, 3, 4, 4)
