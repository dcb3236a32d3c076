"""Embed photos with ONNX Runtime on the CPU, from the folder that `weft export onnx` wrote. It never imports torch."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from weft.contracts.arrays import Scores
from weft.errors import ModelError, PhotoError, get_first_line
from weft.inference.loaded_model import Key, LoadedModel
from weft.inference.onnx_folder import INPUT, OUTPUT, OnnxFolder, read_onnx_folder
from weft.photos.prefetch import decode_and_letterbox

BATCH_SIZE = 16
"""Photos; on a CPU larger batches take more memory and are not faster."""


class OnnxEncoder:
    """The network of an exported folder. Threads may share it."""

    def __init__(self, folder: OnnxFolder, threads: int, workers: int) -> None:
        """Load the network.

        Args:
            folder: The exported folder.
            threads: The number of compute threads.
            workers: The number of threads that decode photos.

        Raises:
            ModelError: ONNX Runtime cannot load the network, or it does not fit the other files.
        """
        self._height, self._width, self._workers = folder.height, folder.width, workers
        self._dim = folder.word_embeddings.shape[1]
        self._session = _open_session(folder.network, threads)
        expected = ["tensor(uint8)", 3, folder.height, folder.width, "tensor(float)", self._dim]
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        got = [part for end in (*inputs, *outputs) for part in (end.type, *end.shape[1:])]
        if got != expected or [end.name for end in (*inputs, *outputs)] != [INPUT, OUTPUT]:
            raise ModelError(f"{folder.network}: expected input and output {expected}, got {got}; export it again")

    def embed_stream(
        self, photos: Iterable[tuple[Key, bytes]], skipped: list[tuple[Key, PhotoError]] | None = None
    ) -> Iterator[tuple[list[Key], Scores]]:
        """Yield (keys, embeddings) batch by batch, as `PhotoEncoder.embed_stream` describes."""
        decoded = decode_and_letterbox(photos, self._height, self._width, self._workers)
        while batch := list(islice(decoded, BATCH_SIZE)):
            keys, pixels = [], []
            for key, photo in batch:
                if not isinstance(photo, PhotoError):
                    keys.append(key)
                    pixels.append(photo)
                elif skipped is None:
                    raise photo
                else:
                    skipped.append((key, photo))
            if keys:
                yield keys, self.run(np.stack(pixels).transpose(0, 3, 1, 2))

    def run(self, pixels: npt.NDArray[np.uint8]) -> Scores:
        """Return the embeddings, (batch, embedding_dim), of RGB photos, (batch, 3, height, width)."""
        (z,) = self._session.run([OUTPUT], {INPUT: np.ascontiguousarray(pixels)})
        return np.asarray(z, np.float32)


def load_onnx_model(folder: Path, threads: int, workers: int) -> LoadedModel:
    """Load an exported folder.

    Args:
        folder: The folder.
        threads: The number of compute threads.
        workers: The number of threads that decode photos.

    Raises:
        ModelError: A file is missing, was changed, or does not fit the others.
    """
    content = read_onnx_folder(folder)
    return LoadedModel(
        OnnxEncoder(content, threads, workers),
        content.words,
        content.word_embeddings,
        content.word_bias,
        content.query_weights,
        content.digest,
        content.loss,
    )


def _open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    # Threads that spin while they wait are many times slower beside other processes.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # The classes of its errors are private and have no base class but Exception.
        reason = get_first_line(error)
        raise ModelError(f"{path}: ONNX Runtime cannot load this network: {reason}") from error
