"""The embeddings of a whole benchmark, written as one artefact: what features and embed do.

Several processes take turns, batch by batch; the leader puts the batches in order and writes. A batch holds the same
photos whoever embeds it, so the artefact does not depend on the number of processes.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from torch import nn

from weft import artefacts
from weft.benchmarks import BenchmarkData, Record
from weft.errors import PhotoError
from weft.processes import ALONE, Processes
from weft.progress import say, track
from weft.retrieval import embed as batches
from weft.retrieval.embed import Floats, embed_each
from weft.runtime import enough_memory

_Rows = tuple[list[dict[str, Any]], Floats | None]


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
    processes: Processes = ALONE,
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
        processes: Who shares the work; the leader alone writes.

    Returns:
        Counts of photos embedded and refused, at the leader.

    Raises:
        ParamsError: The device has not memory enough; says what to lower.
    """
    refused: list[tuple[Record, PhotoError]] = []

    def each(photos: Iterator[tuple[Record, bytes]]) -> Iterator[_Rows]:
        for records, z in embed_each(photos, model, height, width, device, workers, refused):
            yield [{"photo_id": r.photo_id, "product_id": r.product_id, "split": r.split} for r in records], z

    def in_order() -> Iterator[tuple[list[dict[str, Any]], Floats]]:
        photos = track(data.photos(), "embed", len(data.records), "photos")
        for own in _turns(photos, each, processes):
            for rows, z in processes.collect(own):
                if z is not None:
                    yield rows, z

    with enough_memory(f"prepare.height = {height} and prepare.width = {width}, or take a smaller model.backbone"):
        if processes.leads:
            count = artefacts.write_embeddings(out, dim, in_order(), digest)
        else:
            count = sum(len(rows) for rows, _ in in_order())
    left_out = [line for part in processes.collect([_told(*one) for one in refused]) for line in part]
    for line in left_out[:10]:
        say(line)
    return {"photos": count, "refused": len(left_out)}


def _turns(
    photos: Iterable[tuple[Record, bytes]],
    each: Callable[[Iterator[tuple[Record, bytes]]], Iterator[_Rows]],
    processes: Processes,
) -> Iterator[_Rows]:
    """What this process embeds, turn by turn; in the last turn some processes have nothing left, and say so."""
    seen = done = 0

    def mine() -> Iterator[tuple[Record, bytes]]:
        nonlocal seen
        for number, photo in enumerate(photos):
            seen = number + 1
            if number // batches.BATCH_SIZE % processes.count == processes.rank:
                yield photo

    for batch in each(mine()):
        yield batch
        done += 1
    if done * batches.BATCH_SIZE * processes.count < seen:
        yield [], None


def _told(record: Record, error: PhotoError) -> str:
    return f"left out {record.photo_id}: {error}"
