"""The embedder: photos to z = f(x), and z to word scores W z (paper section 3).

Where a projection starts, from the W that stage 1 found for the backbone's own z, and how W takes it in again.
"""

import torch
from torch import nn

from weft.errors import ModelError
from weft.model.backbone import IMAGENET, Normalisation


class Embedder(nn.Module):
    """An image encoder and the word embeddings it is trained against.

    Attributes:
        normalisation: What the backbone's weights were trained on.
        encoder: The backbone; (batch, 3, height, width) to (batch, its width).
        projection: A linear layer after it without bias, (embedding_dim, its width); None where there is none.
        words: W, (words, embedding_dim): row k is the embedding of word k.
        unit: Whether z is brought to length 1.
        bias: (words, 1), added to the scores of words and left out of retrieval; None in the paper.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(
        self,
        encoder: nn.Module,
        words: torch.Tensor,
        normalisation: Normalisation = IMAGENET,
        projection: torch.Tensor | None = None,
        bias: torch.Tensor | None = None,
        unit_norm: bool = False,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.projection = None if projection is None else nn.Parameter(projection)
        self.words = nn.Parameter(words)
        self.unit_norm = unit_norm
        self.bias = None if bias is None else nn.Parameter(bias)
        mean, std = (255 * torch.tensor(values).view(1, 3, 1, 1) for values in normalisation)
        self.normalisation = normalisation
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("std", std, persistent=False)

    def forward(self, photos: torch.Tensor) -> torch.Tensor:
        """Embeddings z, (batch, embedding_dim), of photos, uint8 (batch, 3, height, width), RGB."""
        x = ((photos.float() - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        z: torch.Tensor = self.encoder(x)
        z = z if self.projection is None else z @ self.projection.T
        return nn.functional.normalize(z, dim=1) if self.unit_norm else z

    def score(self, z: torch.Tensor) -> torch.Tensor:
        """Word scores, (batch, words), of embeddings z."""
        scores = z @ self.words.T
        return scores if self.bias is None else scores + self.bias.T

    def head_parameters(self) -> list[nn.Parameter]:
        """What stage 1 trains: W and, where there is one, the bias."""
        return [self.words] if self.bias is None else [self.words, self.bias]


def make_random_word_embeddings(count: int, dim: int, seed: int, scale: float = 0.001) -> torch.Tensor:
    """A random W, (count, dim), normal with standard deviation `scale`."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, dim, generator=generator) * scale


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
            f"model.projection_dim = {dim}: at most {max_dim}, of {len(words)} words and z of {words.shape[1]}"
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
