"""What a trained model is to its callers, whichever library computes: a vocabulary, W, and a way to embed photos."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from weft.contracts.arrays import Scores
from weft.errors import PhotoError

Key = TypeVar("Key")


class PhotoEncoder(Protocol):
    """A network that embeds photos."""

    def embed_stream(
        self, photos: Iterable[tuple[Key, bytes]], skipped: list[tuple[Key, PhotoError]] | None = None
    ) -> Iterator[tuple[list[Key], Scores]]:
        """Yield (keys, embeddings) batch by batch; embeddings are (batch, embedding_dim), not normalised.

        Args:
            photos: Keys and the bytes of photos.
            skipped: Receives the photos that cannot be decoded; without it the first of them raises.

        Raises:
            PhotoError: A photo cannot be decoded and `skipped` is not given.
        """


@dataclass(frozen=True)
class LoadedModel:
    """A trained model in memory."""

    encoder: PhotoEncoder
    words: Sequence[str]
    """The vocabulary; entry k belongs to row k of W."""
    word_embeddings: Scores
    """W, (words, embedding_dim)."""
    word_bias: Scores
    """The bias of each word, (words,); zeros where the model has none."""
    query_weights: Scores
    """The weight of each word in a text query, (words,), 0 to 1."""
    digest: str
    """The sha256 of the model's files, which identifies the model; an exported model keeps that of its origin."""
    loss: str = ""
    """The name of the loss that trained W; empty where the model does not say it."""

    def score_words(self, z: Scores) -> Scores:
        """Return the logits of all words, (photos, words), for embeddings, (photos, embedding_dim)."""
        return z @ self.word_embeddings.T + self.word_bias
