"""The embedder: it maps photos to embeddings z = f(x), and z to word scores W z (paper section 3).

A linear projection may follow the backbone. It is initialised from the W that train_head learned for the backbone's
own z, and can be folded into W after training.
"""

import torch
from torch import nn

from weft.errors import ModelError
from weft.model.backbone import IMAGENET, Normalisation


class Embedder(nn.Module):
    """An image encoder and the word embeddings W.

    Attributes:
        encoder: The backbone, which maps (batch, 3, height, width) to (batch, dimension of the backbone).
        words: W, (words, embedding_dim): row k is the embedding of word k.
        normalisation: The normalisation with which the backbone's weights were trained.
        projection: The matrix of a linear layer after the backbone, (embedding_dim, dimension of the backbone), or
            None.
        bias: (words, 1), added to the word scores; retrieval does not use it. None in the paper.
        unit_norm: Whether z is scaled to length 1.
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
        """Return the embeddings z, (batch, embedding_dim), of RGB photos, uint8 (batch, 3, height, width)."""
        return self.project(self.encode(photos))

    def encode(self, photos: torch.Tensor) -> torch.Tensor:
        """Return the backbone's embeddings, (batch, dimension of the backbone), of photos as in `forward`."""
        x = ((photos.float() - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        encoded: torch.Tensor = self.encoder(x)
        return encoded

    def project(self, encoded: torch.Tensor) -> torch.Tensor:
        """Return the embeddings z, (batch, embedding_dim), of the output of `encode`."""
        z = encoded if self.projection is None else encoded @ self.projection.T
        return nn.functional.normalize(z, dim=1) if self.unit_norm else z

    def score(self, z: torch.Tensor) -> torch.Tensor:
        """Return the word scores, (batch, words), of embeddings z, (batch, embedding_dim)."""
        scores = z @ self.words.T
        return scores if self.bias is None else scores + self.bias.T

    def head_parameters(self) -> list[nn.Parameter]:
        """Return the parameters that train_head trains: W and, if the model has one, the bias."""
        return [self.words] if self.bias is None else [self.words, self.bias]


def make_random_word_embeddings(count: int, dim: int, seed: int, scale: float = 0.001) -> torch.Tensor:
    """Return a random W, (count, dim), drawn from a normal distribution of standard deviation `scale`."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, dim, generator=generator) * scale


def init_projection(words: torch.Tensor, dim: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a projection P and its W, so that the word scores (W P^T) (P z) approximate W z as closely as possible.

    The rows of P are the first right singular vectors of W: orthonormal directions, ordered by how much the word
    scores vary along them. A projection of full rank leaves all word scores unchanged.

    Args:
        words: W, (words, dimension of the backbone).
        dim: Dimension of z after the projection.

    Returns:
        P, (dim, dimension of the backbone), and W P^T, (words, dim).

    Raises:
        ModelError: dim is larger than the number of rows or of columns of W.
    """
    max_dim = min(words.shape)
    if dim > max_dim:
        raise ModelError(
            f"model.projection_dim = {dim}: expected at most {max_dim}, because there are {len(words)} words and "
            f"the backbone's z has dimension {words.shape[1]}"
        )
    _, _, directions = torch.linalg.svd(words.double(), full_matrices=False)
    # A solver may return either sign of a singular vector; a fixed sign makes equal inputs give equal outputs.
    basis = directions[:dim]
    largest = basis.abs().argmax(dim=1, keepdim=True)
    basis = (basis * basis.gather(1, largest).sign()).float()
    return basis, words @ basis.T


def fold_projection_into_head(model: Embedder) -> None:
    """Multiply the projection P of `model` into its W and remove P; a model without a projection is left unchanged.

    Word scores do not change, because W (P z) = (W P) z. The model then returns the backbone's own z. The loss can
    remove information from the output of the projection that the features before it still contain, so these retrieve
    better (Chen et al. 2020, SimCLR, section 4.2).
    """
    if model.projection is not None:
        model.words.data = model.words.data @ model.projection.data
        model.projection = None
