"""What embed, tag and search share: a loaded model and a stream of embedded photos."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from weft import runtime
from weft.errors import InputError, PhotoError
from weft.model.bundle import Bundle
from weft.progress import log_line
from weft.retrieval.embed import embed
from weft.retrieval.source import iter_photos


def embed_source(source: Path, bundle: Bundle) -> Iterator[tuple[list[str], npt.NDArray[np.float32]]]:
    """Yield (names, z) of the photos of `source` batch by batch; a photo that cannot be decoded is told and left out.

    Raises:
        InputError: None of the photos can be decoded.
    """
    skipped: list[tuple[str, PhotoError]] = []
    batches = embed(
        iter_photos(source),
        bundle.embedder,
        bundle.height,
        bundle.width,
        runtime.device(),
        runtime.workers(),
        skipped,
    )
    has_usable_photo, last_error = False, None
    for batch in itertools.chain(batches, [None]):
        for name, error in skipped:
            last_error = f"{name}: {error}"
            if has_usable_photo or batch is not None:
                log_line(f"left out {last_error}")
        skipped.clear()
        if batch is not None:
            has_usable_photo = True
            yield batch
    if not has_usable_photo:
        raise InputError(
            f"{source}: no photo in it can be used" + (f"; the last one was {last_error}" if last_error else "")
        )
