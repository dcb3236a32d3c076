"""Augmentation of photos: random crop, translation and horizontal flip.

Colours are not changed, because they are among the words that the model learns.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

Photos = npt.NDArray[np.uint8]
Doubles = npt.NDArray[np.float64]

_MAX_ASPECT_CHANGE = 1.25
"""Maximum ratio between the aspect ratios of a crop and of its photo; a larger one would distort shapes."""


@dataclass(frozen=True)
class AugmentParams:
    """The random parameters of the augmentation, one row per photo."""

    flipped: npt.NDArray[np.bool_]
    """(photos,) whether the photo is mirrored."""
    translations_px: npt.NDArray[np.int64]
    """(photos, 2) number of pixels by which the photo moves up and to the left."""
    crop_boxes: Doubles
    """(photos, 4) left, top, right and bottom of the crop, as shares of width and height."""

    def select(self, rows: slice) -> "AugmentParams":
        """Return the parameters of the photos `rows`."""
        return AugmentParams(self.flipped[rows], self.translations_px[rows], self.crop_boxes[rows])


def sample_augment_params(
    photos: int, horizontal_flip: bool, max_translate_px: int, min_crop_scale: float, random: np.random.Generator
) -> AugmentParams:
    """Draw the augmentation parameters of a batch.

    Args:
        photos: Number of photos.
        horizontal_flip: Whether each photo is mirrored with probability 0.5.
        max_translate_px: Maximum translation in pixels, in both directions of both axes.
        min_crop_scale: Minimum share of the area that a crop keeps, in (0, 1]; 1 disables cropping.
        random: The generator. The number of draws does not depend on which augmentations are enabled.
    """
    flipped = random.random(photos) < 0.5
    translations_px = random.integers(-max_translate_px, max_translate_px, (photos, 2), endpoint=True)
    area, aspect, x, y = random.random((4, photos))
    side = np.sqrt(min_crop_scale + (1 - min_crop_scale) * area)
    stretch = np.exp((2 * aspect - 1) * np.log(_MAX_ASPECT_CHANGE) / 2) if min_crop_scale < 1 else np.ones(photos)
    width, height = np.minimum(1, side * stretch), np.minimum(1, side / stretch)
    left, top = x * (1 - width), y * (1 - height)
    crop_boxes = np.stack([left, top, left + width, top + height], axis=1)
    return AugmentParams(flipped & horizontal_flip, translations_px, crop_boxes)


def augment(photos: Photos, augment_params: AugmentParams) -> Photos:
    """Crop each photo and resize the crop to the photo's size, then translate it, then mirror it.

    Borders that a translation uncovers repeat the pixels of the edge.

    Args:
        photos: uint8 (photos, 3, height, width); it is not changed.
        augment_params: The parameters of each photo.

    Returns:
        The augmented photos, uint8 (photos, 3, height, width).
    """
    augmented = np.empty_like(photos)
    full_box = np.array([0.0, 0.0, 1.0, 1.0])
    for n, photo in enumerate(photos):
        if (augment_params.crop_boxes[n] != full_box).any():
            photo = _crop_and_resize(photo, augment_params.crop_boxes[n])
        _translate(
            photo,
            augmented[n, :, :, ::-1] if augment_params.flipped[n] else augmented[n],
            *augment_params.translations_px[n].tolist(),
        )
    return augmented


def _translate(photo: Photos, out: Photos, up: int, left: int) -> None:
    """Write `photo`, moved by `up` and `left` pixels, to `out`.

    Slices are copied, because indexing every pixel takes five times as long.
    """
    _, height, width = photo.shape
    up, left = max(-height + 1, min(up, height - 1)), max(-width + 1, min(left, width - 1))
    top, bottom = max(0, -up), height - max(0, up)
    first, last = max(0, -left), width - max(0, left)
    out[:, top:bottom, first:last] = photo[:, top + up : bottom + up, first + left : last + left]
    out[:, :top, first:last] = out[:, top : top + 1, first:last]
    out[:, bottom:, first:last] = out[:, bottom - 1 : bottom, first:last]
    out[:, :, :first] = out[:, :, first : first + 1]
    out[:, :, last:] = out[:, :, last - 1 : last]


def _crop_and_resize(photo: Photos, box: Doubles) -> Photos:
    """Crop a photo to `box` and resize the crop to the size of the photo.

    Pillow releases Python's global lock while it resizes, and accepts boxes with fractions of a pixel.
    """
    _, height, width = photo.shape
    left, top, right, bottom = box * (width, height, width, height)
    image = Image.fromarray(np.ascontiguousarray(photo.transpose(1, 2, 0)))
    resized = image.resize((width, height), Image.Resampling.BILINEAR, box=(left, top, right, bottom))
    return np.asarray(resized).transpose(2, 0, 1)
