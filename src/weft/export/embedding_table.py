"""The embeddings of a catalogue with the ids of products, as Parquet, npy or CSV for other stores of vectors."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from weft import artefacts, tables
from weft.contracts.arrays import Scores
from weft.errors import InputError
from weft.whitening import to_unit_length

Format = Literal["parquet", "npy", "csv"]
FORMATS: tuple[Format, ...] = get_args(Format)
_ROWS_PER_CHUNK = 4_096
_IDS = ("photo_id", "product_id")


def export_embeddings(source: Path, out: Path, file_format: Format, normalise: bool) -> int:
    """Write the embeddings of a catalogue, row by row in the order of the source.

    Args:
        source: The folder that the stage embed wrote.
        out: The file to write. npy also writes the ids, as CSV with the same rows, beside it: NAME.ids.csv.
        file_format: The format, whatever the name of the file.
        normalise: Whether each embedding is divided by its length, for stores that compare by dot product.

    Returns:
        The number of photos.

    Raises:
        ContractError: The source is missing or broken.
        InputError: `out` is a folder, is inside the source, or cannot be written.
    """
    embeddings = artefacts.read_embeddings(source)
    if out.is_dir() or out.resolve().is_relative_to(source.resolve()):
        raise InputError(f"-o {out}: expected a file outside {source}, got a folder or a file inside it")
    write = {"parquet": _write_parquet, "npy": _write_npy, "csv": _write_csv}[file_format]
    try:
        write(out, embeddings, normalise)
    except OSError as error:
        raise InputError(f"-o {out}: cannot be written: {error}") from error
    return len(embeddings.z)


def _write_parquet(out: Path, embeddings: artefacts.Embeddings, normalise: bool) -> None:
    dim = embeddings.z.shape[1]
    fields = [pa.field(name, pa.string()) for name in _IDS] + [pa.field("embedding", pa.list_(pa.float32(), dim))]
    schema = pa.schema(fields, {"weft_model": embeddings.model_digest, "normalised": str(normalise).lower()})
    with tables.atomic_write(out) as temporary, pq.ParquetWriter(temporary, schema) as writer:
        for start, rows in _iter_chunks(embeddings.z, normalise):
            photos = embeddings.photos.slice(start, len(rows))
            vectors = pa.FixedSizeListArray.from_arrays(pa.array(rows.ravel()), dim)
            columns = [*(photos[name].combine_chunks() for name in _IDS), vectors]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def _write_npy(out: Path, embeddings: artefacts.Embeddings, normalise: bool) -> None:
    ids = out.with_name(f"{out.name.removesuffix('.npy')}.ids.csv")
    with tables.atomic_write(out) as temporary, tables.atomic_write(ids) as temporary_ids:
        with temporary.open("wb") as stream:
            header = {"descr": "<f4", "fortran_order": False, "shape": embeddings.z.shape}
            np.lib.format.write_array_header_1_0(stream, header)
            for _, rows in _iter_chunks(embeddings.z, normalise):
                stream.write(rows.astype("<f4").tobytes())
        with temporary_ids.open("w", encoding="utf-8", newline="") as text:
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(_IDS)
            writer.writerows(zip(*(embeddings.photos[name].to_pylist() for name in _IDS), strict=True))


def _write_csv(out: Path, embeddings: artefacts.Embeddings, normalise: bool) -> None:
    """Write one line for each photo; the embedding is one column, "[0.1,0.2]", as pgvector and JSON read it."""
    ids = [embeddings.photos[name].to_pylist() for name in _IDS]
    with tables.atomic_write(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*_IDS, "embedding"])
        for start, rows in _iter_chunks(embeddings.z, normalise):
            for n, row in enumerate(rows, start):
                writer.writerow([*(column[n] for column in ids), "[" + ",".join(f"{value:.7g}" for value in row) + "]"])


def _iter_chunks(z: npt.NDArray[np.float16], normalise: bool) -> Iterator[tuple[int, Scores]]:
    """Yield (first row, rows as float32), so that memory does not grow with the catalogue; zeros stay zeros."""
    for start in range(0, len(z), _ROWS_PER_CHUNK):
        rows = z[start : start + _ROWS_PER_CHUNK]
        yield start, to_unit_length(rows) if normalise else np.asarray(rows, np.float32)
