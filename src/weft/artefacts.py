"""Read and write the artefacts that are not Parquet tables: embeddings and word lists. Reading needs no torch."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weft import tables
from weft.contracts import files
from weft.contracts.tables import EMBEDDED_PHOTOS
from weft.errors import ContractError

if TYPE_CHECKING:
    import pandas as pd  # half a second, which a server of embeddings does not need

_MAX_PENDING_ROWS = 5_000
"""More rows are kept as Arrow, where a row takes 70 bytes instead of 500."""
WORD_COLUMNS = ("word_id", "word", "document_frequency", "count")
WORD_PREDICTABILITY_COLUMNS = (
    *("word_id", "word", "document_frequency", "val_photos"),
    *("somers_d", "somers_d_shrunk", "uncertainty_coefficient", "redundancy"),
)


@dataclass(frozen=True)
class Embeddings:
    """The embeddings of a set of photos and the table of the photos; both have the same rows."""

    z: npt.NDArray[np.float16]
    """(photos, embedding_dim), not normalised, memory-mapped."""
    photos: pa.Table
    """A table of EMBEDDED_PHOTOS."""
    model_digest: str
    """The digest of the model that computed them; empty for a frozen backbone."""


def write_embeddings(
    folder: Path,
    dim: int,
    batches: Iterable[tuple[list[dict[str, Any]], npt.NDArray[np.float32]]],
    model_digest: str = "",
) -> int:
    """Stream batches of embeddings into `folder` as float16.

    Args:
        folder: Folder to write; an existing one is replaced.
        dim: The dimension of the embeddings.
        batches: Pairs of photo rows (EMBEDDED_PHOTOS without the column `row`) and embeddings, (batch, dim).
        model_digest: The digest of the model that computed them; `weft search` compares it to that of its model.

    Returns:
        The number of photos written.

    Raises:
        ContractError: A batch has another shape, or an embedding is not finite.
    """
    count = 0
    rows: list[dict[str, Any]] = []
    parts = [EMBEDDED_PHOTOS.schema.empty_table()]
    with tables.atomic_write(folder) as temporary:
        temporary.mkdir(parents=True)
        raw = temporary / "raw"
        with raw.open("wb") as stream:
            for photos, z in batches:
                if z.shape != (len(photos), dim):
                    raise ContractError(f"{folder}: expected a batch of shape {(len(photos), dim)}, got {z.shape}")
                if not np.isfinite(z).all():
                    bad = photos[int(np.flatnonzero(~np.isfinite(z).all(axis=1))[0])]["photo_id"]
                    raise ContractError(f"{folder}: the embedding of {bad} is not finite; the model has diverged")
                stream.write(np.clip(z, -65504, 65504).astype(np.float16).tobytes())
                rows += [{"row": count + n, **photo} for n, photo in enumerate(photos)]
                count += len(photos)
                if len(rows) >= _MAX_PENDING_ROWS:
                    parts.append(pa.Table.from_pylist(rows, schema=EMBEDDED_PHOTOS.schema))
                    rows = []
        _write_npy(raw, temporary / files.EMBEDDINGS, (count, dim))
        parts.append(pa.Table.from_pylist(rows, schema=EMBEDDED_PHOTOS.schema))
        tables.write_table(temporary / files.EMBEDDED_PHOTOS, pa.concat_tables(parts), EMBEDDED_PHOTOS)
        (temporary / files.DIGEST).write_text(model_digest + "\n", encoding="utf-8")
    return count


def _write_npy(raw: Path, target: Path, shape: tuple[int, int]) -> None:
    """Copy the raw values behind a .npy header, whose row count is known only at the end."""
    with target.open("wb") as out, raw.open("rb") as stream:
        np.lib.format.write_array_header_1_0(out, {"descr": "<f2", "fortran_order": False, "shape": shape})
        while piece := stream.read(1 << 20):
            out.write(piece)
    raw.unlink()


def read_embeddings(folder: Path) -> Embeddings:
    """Memory-map the embeddings of `folder` and read its photo table.

    Raises:
        ContractError: A file is missing, or the embeddings do not match the photo table.
    """
    photos = tables.read_table(folder / files.EMBEDDED_PHOTOS, EMBEDDED_PHOTOS)
    path = folder / files.EMBEDDINGS
    try:
        z = np.load(path, mmap_mode="r", allow_pickle=False) if photos.num_rows else np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ContractError(f"{path}: not a readable matrix of embeddings: {error}") from error
    if z.ndim != 2 or z.dtype != np.float16 or len(z) != photos.num_rows:
        raise ContractError(f"{path}: expected float16 ({photos.num_rows}, embedding_dim), got {z.dtype} {z.shape}")
    try:
        model_digest = (folder / files.DIGEST).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"{folder / files.DIGEST}: cannot be read: {error}; run the stage again") from error
    return Embeddings(z, photos, model_digest)


def write_words(path: Path, words: "pd.DataFrame") -> None:
    """Write words.tsv: the columns WORD_COLUMNS, in the order of word_id."""
    table = words.loc[:, list(WORD_COLUMNS)]
    tables.write_text(path, table.to_csv(sep="\t", index=False, lineterminator="\n", quoting=csv.QUOTE_NONE))


def read_words(path: Path) -> "pd.DataFrame":
    """Read words.tsv; row n is the word of word_id n.

    Raises:
        ContractError: The file is missing, or its columns or word ids are wrong.
    """
    import pandas as pd

    try:
        words = pd.read_csv(path, sep="\t", quoting=csv.QUOTE_NONE, keep_default_na=False, dtype={"word": str})
    except (OSError, ValueError) as error:
        raise ContractError(f"{path}: not a readable words.tsv: {error}; run the stage vocabulary") from error
    if tuple(words.columns) != WORD_COLUMNS:
        raise ContractError(f"{path}: expected the columns {list(WORD_COLUMNS)}, got {list(words.columns)}")
    if words.empty:
        raise ContractError(f"{path}: no words; lower vocabulary.min_document_frequency or crawl more products")
    if not (words["word_id"] == np.arange(len(words))).all():
        raise ContractError(f"{path}: word_id is not 0, 1, 2 ... in order")
    if words["word"].duplicated().any():
        raise ContractError(f"{path}: the word {words['word'][words['word'].duplicated()].iloc[0]!r} is repeated")
    return words


def write_word_predictability(path: Path, predictability: "pd.DataFrame") -> None:
    """Write word_predictability.tsv: WORD_PREDICTABILITY_COLUMNS in the order of word_id, NaN as an empty text."""
    table = predictability.loc[:, list(WORD_PREDICTABILITY_COLUMNS)]
    text = table.to_csv(sep="\t", index=False, lineterminator="\n", quoting=csv.QUOTE_NONE, float_format="%.4f")
    tables.write_text(path, text)


def read_word_predictability(path: Path) -> "pd.DataFrame":
    """Read word_predictability.tsv. Row n is the word with word_id n; an empty number becomes NaN.

    Raises:
        ContractError: The file is missing, or its columns, word ids or numbers are not as written.
    """
    import pandas as pd

    try:
        table = pd.read_csv(path, sep="\t", quoting=csv.QUOTE_NONE, keep_default_na=False, dtype=str)
    except (OSError, ValueError) as error:
        raise ContractError(
            f"{path}: not a readable word_predictability.tsv: {error}; run the stage train_head"
        ) from error
    if tuple(table.columns) != WORD_PREDICTABILITY_COLUMNS:
        raise ContractError(
            f"{path}: expected the columns {list(WORD_PREDICTABILITY_COLUMNS)}, got {list(table.columns)}"
        )
    try:
        for column in ("word_id", "document_frequency", "val_photos"):
            table[column] = table[column].astype(np.int64)
        for column in ("somers_d", "somers_d_shrunk", "uncertainty_coefficient", "redundancy"):
            table[column] = table[column].replace("", "nan").astype(np.float64)
    except ValueError as error:
        raise ContractError(f"{path}: {error}; run the stage train_head") from error
    if table["somers_d_shrunk"].isna().nunique() > 1:
        raise ContractError(f"{path}: some words have a somers_d_shrunk, some have none; run train_head")
    has_invalid_values = bool(
        (table[["somers_d", "somers_d_shrunk", "uncertainty_coefficient"]].abs() > 1).to_numpy().any()
    )
    has_invalid_values = has_invalid_values or not (table["redundancy"] >= 1).all()
    if has_invalid_values or not (table["word_id"] == np.arange(len(table))).all():
        raise ContractError(
            f"{path}: expected word_id 0, 1, 2 ..., coefficients from -1 to 1 and redundancy of at least 1; "
            "run the stage train_head again"
        )
    return table


def read_query_weights(folder: Path, words: Sequence[str]) -> npt.NDArray[np.float32]:
    """Read the weight of each word in a text query from the word_predictability.tsv of a model folder.

    The weight is Somers' D of the word on val, shrunk: 0 for a word that photos do not show, 1 for one that they always
    show. All weights are 1 where the folder has no such file, or val could not measure any word.

    Args:
        folder: The output of train_head or finetune.
        words: The vocabulary of the model.

    Raises:
        ContractError: The file is broken or describes other words.
    """
    path = folder / files.WORD_PREDICTABILITY
    if not path.is_file():
        return np.ones(len(words), np.float32)
    table = read_word_predictability(path)
    if table["word"].tolist() != list(words):
        raise ContractError(f"{path}: expected the words of {files.WORDS}, got others; run the stage train_head again")
    weights = table["somers_d_shrunk"].to_numpy(np.float32).clip(0, 1)
    return np.ones_like(weights) if np.isnan(weights).any() else weights


def read_loss(folder: Path) -> str:
    """Read the name of the loss that trained the word embeddings of a model folder; "" where it does not say it.

    Raises:
        ContractError: config.json is broken.
    """
    path = folder / files.CONFIG
    if not path.is_file():
        return ""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return str(values.get("loss", ""))
    except (OSError, ValueError, AttributeError) as error:
        raise ContractError(f"{path}: expected a JSON object: {error}; run the stage finetune again") from error


def read_word_embeddings(path: Path) -> npt.NDArray[np.float32]:
    """Read W, (words, embedding_dim), from the safetensors file of train_head or finetune (tensor "words").

    Raises:
        ContractError: The file is missing or holds no such tensor.
    """
    return _read_tensor(path, "words")


def read_word_bias(path: Path) -> npt.NDArray[np.float32]:
    """Read the bias of each word, (words, 1), from the same file; zeros if the training had none.

    Raises:
        ContractError: The file is missing or holds no word embeddings.
    """
    from safetensors import safe_open

    words = len(_read_tensor(path, "words"))
    with safe_open(path, framework="np") as tensors:
        has_bias = "bias" in tensors.keys()  # noqa: SIM118  not a mapping
    return _read_tensor(path, "bias") if has_bias else np.zeros((words, 1), np.float32)


def _read_tensor(path: Path, name: str) -> npt.NDArray[np.float32]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as tensors:
            matrix: npt.NDArray[np.float32] = tensors.get_tensor(name)
    except (OSError, SafetensorError) as error:
        raise ContractError(f"{path}: no word embeddings to read: {error}") from error
    return matrix
