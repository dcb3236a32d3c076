"""Whitening of embeddings, so that a search finds the very same item first and not what only looks like it.

Embeddings trained on words vary most in what words name: kind, colour, pattern. A few directions then decide every
cosine similarity, and the details that distinguish one item from the next drown in them. Whitening scales each
direction by how much photos vary there without a difference of the item. Photos of one product show that variation:
its covariance within products is what is whitened (Mikolajczyk and Matas 2007; Radenovic, Tolias and Chum 2018, without
their rotation). No label is needed, but product ids. Where no product has several photos, the covariance of all photos
takes its place (PCA whitening; Jegou and Chum 2012). docs/decisions/0098-whitening-finds-the-very-item.md has the
measurements.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from weft import tables
from weft.contracts import files
from weft.contracts.arrays import Floats, Ints, Matrix, Scores
from weft.errors import ModelError

POWER = 0.5
"""A direction is scaled by its variance to minus this power; 0.5 gives all directions the same variance."""
REGULARISATION = 1.0
"""This multiple of the mean variance is added to the variance of every direction, so that small ones are not blown up.
It and POWER were chosen on val."""
MIN_PRODUCTS = 20
"""With fewer products of several photos, the covariance within products would be noise, and all photos are used."""
MAX_PHOTOS = 50_000
"""The covariance is computed from about this many photos at most; more change it little."""
MIN_VARIANCE = 1e-8
"""The sum of the variances of all directions is 1 at most; less than this is the rounding of float16."""
PHOTOS_PER_CHUNK = 4096


@dataclass(frozen=True)
class Whitening:
    """The linear map of an embedding of length 1: (z - mean) @ matrix."""

    mean: Scores
    """(embedding_dim,)."""
    matrix: Scores
    """(embedding_dim, embedding_dim), symmetric."""

    def apply(self, z: Matrix) -> Scores:
        """Return whitened embeddings, (photos, embedding_dim), not of length 1.

        Args:
            z: (photos, embedding_dim), not necessarily normalised; may be a memory map of float16.
        """
        whitened = np.empty(z.shape, np.float32)
        for start in range(0, len(z), PHOTOS_PER_CHUNK):
            rows = slice(start, start + PHOTOS_PER_CHUNK)
            whitened[rows] = (to_unit_length(z[rows]) - self.mean) @ self.matrix
        return whitened


def fit_whitening(z: Matrix, rows: Ints, product_ids: Sequence[str]) -> Whitening | None:
    """Return the whitening that the photos of a gallery determine.

    Args:
        z: (all photos, embedding_dim), not necessarily normalised; may be a memory map of float16.
        rows: (photos,): the rows of z to learn from.
        product_ids: (photos,): the product of each of these photos.

    Returns:
        None where there are fewer than two photos, or all photos have the same embedding.
    """
    if len(rows) < 2:
        return None
    chosen, products = _choose_photos(product_ids)
    photos = rows[chosen]
    mean, covariance = _measure_covariance(z, photos, products)
    variances, directions = np.linalg.eigh(covariance)
    variances = np.maximum(variances, 0)
    if variances.sum() < MIN_VARIANCE:
        return None
    scale = (variances / variances.mean() + REGULARISATION) ** -POWER
    # The symmetric root: unlike the eigenvectors themselves, it does not depend on their signs and order.
    matrix = (directions * scale) @ directions.T
    return Whitening(mean.astype(np.float32), matrix.astype(np.float32))


def _choose_photos(product_ids: Sequence[str]) -> tuple[Ints, Ints | None]:
    """Return the indices of the photos to use, and the product of each of them; None where products do not matter."""
    _, product_of = np.unique(np.array(product_ids, np.str_), return_inverse=True)
    sizes = np.bincount(product_of)
    has_several = np.flatnonzero(sizes > 1)
    if len(has_several) < MIN_PRODUCTS:
        step = -(-len(product_of) // MAX_PHOTOS)
        return np.arange(0, len(product_of), max(1, step)), None
    step = -(-int(sizes[has_several].sum()) // MAX_PHOTOS)
    photos = np.flatnonzero(np.isin(product_of, has_several[::step]))
    _, products = np.unique(product_of[photos], return_inverse=True)
    return photos, np.asarray(products, np.int64)


def _measure_covariance(z: Matrix, photos: Ints, products: Ints | None) -> tuple[Floats, Floats]:
    """Return the mean of the photos, and their covariance about that of their product, or of all."""
    centre_of = np.zeros(len(photos), np.int64) if products is None else products
    num_centres = int(centre_of.max()) + 1
    mean = np.zeros(z.shape[1])
    sums, squares = np.zeros((num_centres, z.shape[1]), np.float32), np.zeros((z.shape[1], z.shape[1]))
    for start in range(0, len(photos), PHOTOS_PER_CHUNK):
        part = slice(start, start + PHOTOS_PER_CHUNK)
        unit = to_unit_length(z[photos[part]])
        mean += unit.sum(axis=0, dtype=np.float64) / len(photos)
        np.add.at(sums, centre_of[part], unit)
        squares += unit.T @ unit
    # Sum of (z - centre)(z - centre)^T = sum of z z^T - sum over centres of their number of photos times centre^2.
    scaled = sums / np.sqrt(np.bincount(centre_of, minlength=num_centres))[:, None]
    covariance: Floats = (squares - scaled.T @ scaled.astype(np.float64)) / len(photos)
    return mean, covariance


def to_unit_length(z: Matrix) -> Scores:
    """Return the rows as float32 of length 1; zeros stay zeros."""
    single = np.asarray(z, np.float32)
    unit: Scores = single / np.maximum(np.linalg.norm(single, axis=1, keepdims=True), 1e-12)
    return unit


def write_whitening(folder: Path, whitening: Whitening | None, name: str = files.WHITENING) -> None:
    """Write the file `name` into a folder of embeddings; None removes it."""
    from safetensors.numpy import save_file

    path = folder / name
    if whitening is None:
        path.unlink(missing_ok=True)
        return
    with tables.atomic_write(path) as temporary:
        save_file({"mean": whitening.mean, "matrix": whitening.matrix}, temporary)


def read_whitening(folder: Path, embedding_dim: int, name: str = files.WHITENING) -> Whitening | None:
    """Read the whitening of a folder of embeddings; None where it has none.

    Raises:
        ModelError: The file is broken, or was fitted to embeddings of another dimension.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    path = folder / name
    if not path.is_file():
        return None
    try:
        tensors: dict[str, npt.NDArray[np.float32]] = load_file(path)
        mean, matrix = tensors["mean"], tensors["matrix"]
    except (OSError, SafetensorError, KeyError) as error:
        raise ModelError(f"{path}: cannot read the whitening: {error}; run the stage embed again") from error
    fits = mean.shape == (embedding_dim,) and matrix.shape == (embedding_dim, embedding_dim)
    fits = fits and mean.dtype == matrix.dtype == np.float32
    if not fits or not (np.isfinite(mean).all() and np.isfinite(matrix).all()):
        raise ModelError(
            f"{path}: expected finite float32 values for embeddings of {embedding_dim} numbers, got {mean.dtype} "
            f"{mean.shape} and {matrix.dtype} {matrix.shape}; run the stage embed again"
        )
    return Whitening(mean, matrix)
