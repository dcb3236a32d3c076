"""The embedder: photos to z = f(x), and z to word scores W z (paper section 3)."""

import torch
from torch import nn

from weft.model.normalisation import IMAGENET, Normalisation


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
