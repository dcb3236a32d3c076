"""What embed, tag and search share: a loaded model and a stream of embedded photos."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from weft import runtime
from weft.errors import InputError, PhotoError
from weft.model.bundle import Bundle
from weft.progress import say
from weft.retrieval.embed import embed
from weft.retrieval.source import photos_of


def embedded(source: Path, bundle: Bundle) -> Iterator[tuple[list[str], npt.NDArray[np.float32]]]:
    """Yield (names, z) of the photos of `source` batch by batch; a photo that cannot be decoded is told and left out.

    Raises:
        InputError: None of the photos can be decoded.
    """
    refused: list[tuple[str, PhotoError]] = []
    batches = embed(
        photos_of(source),
        bundle.embedder,
        bundle.height,
        bundle.width,
        runtime.device(),
        runtime.workers(),
        refused,
    )
    any_good, last = False, None
    for batch in itertools.chain(batches, [None]):
        for name, error in refused:
            last = f"{name}: {error}"
            if any_good or batch is not None:
                say(f"left out {last}")
        refused.clear()
        if batch is not None:
            any_good = True
            yield batch
    if not any_good:
        raise InputError(f"{source}: no photo in it can be used" + (f"; the last one was {last}" if last else ""))
