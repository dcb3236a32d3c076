"""Embed photos with PyTorch, from the model folder that the stage finetune wrote."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch

from weft.contracts.arrays import Scores
from weft.errors import PhotoError
from weft.inference.loaded_model import Key, LoadedModel
from weft.model.bundle import Bundle, load_bundle
from weft.model.fuse_batch_norm import fuse_batch_norm
from weft.retrieval.embed import embed


class TorchEncoder:
    """The network of a model folder on one device. Threads must take turns."""

    def __init__(self, bundle: Bundle, device: str, workers: int) -> None:
        self._height, self._width = bundle.height, bundle.width
        self._device, self._workers = device, workers
        network = bundle.embedder.to(device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
        # `embed` fuses on a CPU too, but at each call, which costs as much as a photo. It leaves a fused network as it
        # is; on a GPU it computes in float16, which rounds fused weights too far.
        self._network = fuse_batch_norm(network) if device.startswith("cpu") else network

    def embed_stream(
        self, photos: Iterable[tuple[Key, bytes]], skipped: list[tuple[Key, PhotoError]] | None = None
    ) -> Iterator[tuple[list[Key], Scores]]:
        """Yield (keys, embeddings) batch by batch, as `PhotoEncoder.embed_stream` describes."""
        return embed(photos, self._network, self._height, self._width, self._device, self._workers, skipped)


def load_torch_model(folder: Path, device: str, workers: int) -> LoadedModel:
    """Load a model folder.

    Args:
        folder: The folder.
        device: The torch device that embeds photos.
        workers: The number of threads that decode photos.

    Raises:
        ModelError: A file is missing, was changed, or does not fit the others.
    """
    bundle = load_bundle(folder)
    # Copies, because the encoder may move the parameters to a GPU.
    words: Scores = bundle.embedder.words.detach().numpy().copy()
    bias = bundle.embedder.bias
    word_bias = np.zeros(len(words), np.float32) if bias is None else bias.detach().numpy()[:, 0].copy()
    encoder = TorchEncoder(bundle, device, workers)
    return LoadedModel(encoder, bundle.words, words, word_bias, bundle.query_weights, bundle.digest, bundle.loss)
