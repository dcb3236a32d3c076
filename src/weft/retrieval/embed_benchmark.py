"""The embeddings of a whole benchmark, written as one artefact: what features and embed do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from weft import artefacts
from weft.benchmarks import BenchmarkData, Record
from weft.errors import PhotoError
from weft.progress import say, track
from weft.retrieval.embed import embed


def embed_benchmark(
    data: BenchmarkData,
    model: nn.Module,
    dim: int,
    height: int,
    width: int,
    device: str,
    workers: int,
    out: Path,
    digest: str = "",
) -> dict[str, float]:
    """Embed every photo that can be decoded and write `out` (embeddings.npy, photos.parquet).

    Args:
        data: The benchmark.
        model: Takes uint8 (batch, 3, height, width), gives (batch, dim).
        dim: embedding_dim.
        height: The size photos are fitted to, in pixels.
        width: Likewise.
        device: Where to compute.
        workers: Threads that decode.
        out: The artefact's folder.
        digest: Of the model's bundle; empty for an untrained backbone.

    Returns:
        Counts of photos embedded and refused.
    """
    refused: list[tuple[Record, PhotoError]] = []

    def batches() -> Iterator[tuple[list[dict[str, Any]], npt.NDArray[np.float32]]]:
        photos = track(data.photos(), "embed", len(data.records), "photos")
        for records, z in embed(photos, model, height, width, device, workers, refused):
            yield [{"photo_id": r.photo_id, "product_id": r.product_id, "split": r.split} for r in records], z

    count = artefacts.write_embeddings(out, dim, batches(), digest)
    for record, error in refused[:10]:
        say(f"left out {record.photo_id}: {error}")
    return {"photos": count, "refused": len(refused)}
