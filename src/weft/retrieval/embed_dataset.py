"""The embeddings of a whole benchmark, written as one artefact: what features and embed do.

Several processes take turns, batch by batch; the leader puts the batches in order and writes. A batch holds the same
photos whoever embeds it, so the artefact does not depend on the number of processes.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from torch import nn

from weft import artefacts
from weft.datasets import EvalDataset, PhotoRecord
from weft.errors import PhotoError
from weft.process_group import SINGLE_PROCESS, ProcessGroup
from weft.progress import log_line, progress_bar
from weft.retrieval import embed as embed_module
from weft.retrieval.embed import Floats, embed_batches
from weft.runtime import explain_oom

_EmbeddedBatch = tuple[list[dict[str, Any]], Floats | None]


def embed_dataset(
    dataset: EvalDataset,
    model: nn.Module,
    embedding_dim: int,
    height: int,
    width: int,
    device: str,
    workers: int,
    out: Path,
    model_digest: str = "",
    process_group: ProcessGroup = SINGLE_PROCESS,
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
    skipped: list[tuple[PhotoRecord, PhotoError]] = []

    def embed_photos(photos: Iterator[tuple[PhotoRecord, bytes]]) -> Iterator[_EmbeddedBatch]:
        for records, z in embed_batches(photos, model, height, width, device, workers, skipped):
            yield [{"photo_id": r.photo_id, "product_id": r.product_id, "split": r.split} for r in records], z

    def iter_in_order() -> Iterator[tuple[list[dict[str, Any]], Floats]]:
        photos = progress_bar(dataset.photos(), "embed", len(dataset.records), "photos")
        for local_batch in _round_robin(photos, embed_photos, process_group):
            for rows, z in process_group.gather(local_batch):
                if z is not None:
                    yield rows, z

    with explain_oom(f"prepare.height = {height} and prepare.width = {width}, or take a smaller model.backbone"):
        if process_group.is_main:
            count = artefacts.write_embeddings(out, embedding_dim, iter_in_order(), model_digest)
        else:
            count = sum(len(rows) for rows, _ in iter_in_order())
    skipped_lines = [
        line for part in process_group.gather([_describe_skipped(*item) for item in skipped]) for line in part
    ]
    for line in skipped_lines[:10]:
        log_line(line)
    return {"photos": count, "refused": len(skipped_lines)}


def _round_robin(
    photos: Iterable[tuple[PhotoRecord, bytes]],
    embed_photos: Callable[[Iterator[tuple[PhotoRecord, bytes]]], Iterator[_EmbeddedBatch]],
    process_group: ProcessGroup,
) -> Iterator[_EmbeddedBatch]:
    """What this process embeds, turn by turn; in the last turn some processes have nothing left, and say so."""
    n_seen = n_done = 0

    def iter_local_photos() -> Iterator[tuple[PhotoRecord, bytes]]:
        nonlocal n_seen
        for number, photo in enumerate(photos):
            n_seen = number + 1
            if number // embed_module.BATCH_SIZE % process_group.world_size == process_group.rank:
                yield photo

    for batch in embed_photos(iter_local_photos()):
        yield batch
        n_done += 1
    if n_done * embed_module.BATCH_SIZE * process_group.world_size < n_seen:
        yield [], None


def _describe_skipped(record: PhotoRecord, error: PhotoError) -> str:
    return f"left out {record.photo_id}: {error}"
