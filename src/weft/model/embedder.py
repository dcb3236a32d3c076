"""The embedder: photos to z = f(x), and z to word scores W z (paper section 3)."""

import torch
from torch import nn

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class Embedder(nn.Module):
    """An image encoder and the word embeddings it is trained against.

    Attributes:
        encoder: The backbone; (batch, 3, height, width) to (batch, embedding_dim).
        words: W, (words, embedding_dim): row k is the embedding of word k. No bias, as in the paper.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, encoder: nn.Module, words: torch.Tensor) -> None:
        super().__init__()
        self.encoder = encoder
        self.words = nn.Parameter(words)
        self.register_buffer("mean", 255 * torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", 255 * torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, photos: torch.Tensor) -> torch.Tensor:
        """Embeddings z, (batch, embedding_dim), of photos, uint8 (batch, 3, height, width), RGB."""
        x = ((photos.float() - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        z: torch.Tensor = self.encoder(x)
        return z

    def score(self, z: torch.Tensor) -> torch.Tensor:
        """Word scores, (batch, words), of embeddings z."""
        return z @ self.words.T


def initial_words(count: int, dim: int, seed: int) -> torch.Tensor:
    """A random W, (count, dim), so small that the first full-softmax loss is close to ln(count)."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, dim, generator=generator) * 0.001
