"""Write the embeddings of a whole benchmark as one artefact, for the stages features and embed.

Several processes take turns batch by batch; the main process sorts the batches and writes them. A batch has the same
photos in whichever process, so the artefact does not depend on the number of processes.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from torch import nn

from weft import artefacts
from weft.datasets import EvalDataset, PhotoRecord
from weft.errors import PhotoError
from weft.model.embed_stream import Floats
from weft.process_group import SINGLE_PROCESS, ProcessGroup
from weft.progress import log_line, progress_bar
from weft.retrieval.embed import embed_batches, photos_per_batch
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
        dataset: The benchmark.
        model: Maps uint8 (batch, 3, height, width) to (batch, embedding_dim).
        embedding_dim: The number of columns of an embedding.
        height: The height of the model's input in pixels; photos are letterboxed to it.
        width: The width of the model's input in pixels.
        device: The torch device.
        workers: The number of threads that decode.
        out: The artefact's folder.
        model_digest: The digest of the model's bundle; empty for an untrained backbone.
        process_group: The processes that share the work; only the main process writes.

    Returns:
        The numbers of photos embedded and skipped; complete in the main process only.

    Raises:
        ParamsError: The device runs out of memory.
    """
    skipped: list[tuple[PhotoRecord, PhotoError]] = []

    def embed_photos(photos: Iterator[tuple[PhotoRecord, bytes]]) -> Iterator[_EmbeddedBatch]:
        for records, z in embed_batches(photos, model, height, width, device, workers, skipped):
            yield [{"photo_id": r.photo_id, "product_id": r.product_id, "split": r.split} for r in records], z

    def iter_in_order() -> Iterator[tuple[list[dict[str, Any]], Floats]]:
        photos = progress_bar(dataset.photos(), "embed", len(dataset.records), "photos")
        for local_batch in _round_robin(photos, embed_photos, photos_per_batch(device), process_group):
            for rows, z in process_group.gather(local_batch):
                if z is not None:
                    yield rows, z

    # Batches shrink by themselves, so the memory does not suffice for a single photo.
    sizes = f"prepare.height = {height} and prepare.width = {width}, or choose a smaller model.backbone"
    with explain_oom(lambda: sizes):
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
    batch_size: int,
    process_group: ProcessGroup,
) -> Iterator[_EmbeddedBatch]:
    """Yield the batches of this process, one per turn; an empty one if there is none left for it in the last turn."""
    n_seen = n_done = 0

    def iter_local_photos() -> Iterator[tuple[PhotoRecord, bytes]]:
        nonlocal n_seen
        for number, photo in enumerate(photos):
            n_seen = number + 1
            if number // batch_size % process_group.world_size == process_group.rank:
                yield photo

    for batch in embed_photos(iter_local_photos()):
        yield batch
        n_done += 1
    if n_done * batch_size * process_group.world_size < n_seen:
        yield [], None


def _describe_skipped(record: PhotoRecord, error: PhotoError) -> str:
    return f"skipped {record.photo_id}: {error}"
