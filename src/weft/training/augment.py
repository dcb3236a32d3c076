"""Augmentation of photos in the threads that decode them. Nothing here touches colour: it is among what is learned."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

Photos = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

_MOST_STRETCHED = 1.25
"""A crop's aspect is at most so much wider or higher than the photo's: shapes stay recognisable."""


@dataclass(frozen=True)
class Moves:
    """What happens to each of a number of photos."""

    mirrored: npt.NDArray[np.bool_]
    """(photos,)"""
    shifts: npt.NDArray[np.int64]
    """(photos, 2) pixels that the photo moves up and left."""
    boxes: Floats
    """(photos, 4) left, top, right, bottom of what is kept, as shares of width and height."""

    def of(self, rows: slice) -> "Moves":
        """Those of some of the photos."""
        return Moves(self.mirrored[rows], self.shifts[rows], self.boxes[rows])


def draw_moves(photos: int, flip: bool, shift: int, crop: float, random: np.random.Generator) -> Moves:
    """Draw what happens to a batch: always the same numbers from the same generator, whoever applies them.

    Args:
        photos: How many.
        flip: Mirror half of them.
        shift: Move each by up to this many pixels, both ways, both axes.
        crop: The smallest share of its area that a photo keeps, in (0, 1]; 1 keeps all of it.
        random: Used up by as much whatever is switched on.
    """
    mirrored = random.random(photos) < 0.5
    shifts = random.integers(-shift, shift, (photos, 2), endpoint=True)
    area, aspect, x, y = random.random((4, photos))
    side = np.sqrt(crop + (1 - crop) * area)
    stretch = np.exp((2 * aspect - 1) * np.log(_MOST_STRETCHED) / 2) if crop < 1 else np.ones(photos)
    width, height = np.minimum(1, side * stretch), np.minimum(1, side / stretch)
    left, top = x * (1 - width), y * (1 - height)
    boxes = np.stack([left, top, left + width, top + height], axis=1)
    return Moves(mirrored & flip, shifts, boxes)


def augment(photos: Photos, moves: Moves) -> Photos:
    """Crop and enlarge each photo again, shift it (uncovered borders repeat the edge), mirror it.

    Args:
        photos: uint8 (photos, 3, height, width); stay as they are.
        moves: One for each.

    Returns:
        An array like `photos`.
    """
    done = np.empty_like(photos)
    whole = np.array([0.0, 0.0, 1.0, 1.0])
    for n, photo in enumerate(photos):
        if (moves.boxes[n] != whole).any():
            photo = _cropped(photo, moves.boxes[n])
        _shift(photo, done[n, :, :, ::-1] if moves.mirrored[n] else done[n], *moves.shifts[n].tolist())
    return done


def _shift(photo: Photos, into: Photos, up: int, left: int) -> None:
    """Copy a photo shifted: whole slices, which cost a fifth of looking up every pixel."""
    _, height, width = photo.shape
    up, left = max(-height + 1, min(up, height - 1)), max(-width + 1, min(left, width - 1))
    top, bottom = max(0, -up), height - max(0, up)
    first, last = max(0, -left), width - max(0, left)
    into[:, top:bottom, first:last] = photo[:, top + up : bottom + up, first + left : last + left]
    into[:, :top, first:last] = into[:, top : top + 1, first:last]
    into[:, bottom:, first:last] = into[:, bottom - 1 : bottom, first:last]
    into[:, :, :first] = into[:, :, first : first + 1]
    into[:, :, last:] = into[:, :, last - 1 : last]


def _cropped(photo: Photos, box: Floats) -> Photos:
    """Pillow's resize: outside Python's lock, and exact for boxes between pixels."""
    _, height, width = photo.shape
    left, top, right, bottom = box * (width, height, width, height)
    image = Image.fromarray(np.ascontiguousarray(photo.transpose(1, 2, 0)))
    resized = image.resize((width, height), Image.Resampling.BILINEAR, box=(left, top, right, bottom))
    return np.asarray(resized).transpose(2, 0, 1)
