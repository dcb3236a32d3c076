"""Where a projection starts, from the W that stage 1 found for the backbone's own z, and how W takes it in again."""

import torch

from weft.errors import ModelError
from weft.model.embedder import Embedder


def init_projection(words: torch.Tensor, dim: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A projection P and the W that goes with it, so that the word scores (W P') (P z) are as close to W z as can be.

    P holds the first right singular vectors of W: the directions of z that words tell apart, orthonormal. Stage 1 and
    the frozen baseline keep the backbone's own z, whose scores a projection of full rank reproduces exactly.

    Args:
        words: W, (words, width of the backbone).
        dim: embedding_dim behind the projection.

    Returns:
        P, (dim, width of the backbone), and W P', (words, dim).

    Raises:
        ModelError: dim is more than W has directions.
    """
    max_dim = min(words.shape)
    if dim > max_dim:
        raise ModelError(
            f"model.projection = {dim}: at most {max_dim}, of {len(words)} words and z of {words.shape[1]}"
        )
    _, _, directions = torch.linalg.svd(words.double(), full_matrices=False)
    # The sign of a singular vector is the solver's whim; fix it, so that equal inputs give equal outs.
    basis = directions[:dim]
    largest = basis.abs().argmax(dim=1, keepdim=True)
    basis = (basis * basis.gather(1, largest).sign()).float()
    return basis, words @ basis.T


def fold_projection_into_head(model: Embedder) -> None:
    """Take the projection P of `model` into its W, if it has one: W (P z) = (W P) z, so word scores stay as they are.

    z is then the backbone's own. A layer that serves the loss alone keeps from z what the loss would throw away: the
    features before it retrieve better what the loss did not ask for (Chen et al. 2020, SimCLR, section 4.2).
    """
    if model.projection is not None:
        model.words.data = model.words.data @ model.projection.data
        model.projection = None
