"""What a backbone's weights were trained on: each channel less its mean, by its standard deviation."""

from typing import NamedTuple


class Normalisation(NamedTuple):
    """Mean and standard deviation of the channels red, green and blue, of pixels between 0 and 1."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""The statistics of ImageNet: what torchvision's weights want."""

PLUS_MINUS_ONE = Normalisation((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
"""Pixels from -1 to 1: what weights that come from TensorFlow want."""
