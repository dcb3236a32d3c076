"""The manifest of an index on disk: it names all files of the present version, and only replacing it changes the index.

All other files are written once, under names that were never used before, and are on disk before the manifest that
names them. So a process that is killed at any moment leaves the old version or the new one; files that no manifest
names are removed by the next update.
"""

import fcntl
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from weft import tables
from weft.errors import ContractError, InputError, get_first_line

MANIFEST = "manifest.json"
LOCK = "lock"
VECTORS, PHOTOS = "vectors.f16", "photos.arrow"
SEARCHED, PRODUCTS, LEFT_OUT = "searched.npy", "products.parquet", "left_out.parquet"
WHITENING = "whitening.safetensors"
_SUFFIXES = (VECTORS, PHOTOS, SEARCHED, PRODUCTS, LEFT_OUT, WHITENING)
_NAME = r"[0-9]{6,}-[0-9a-f]{8}"
_OWN_FILE = re.compile(
    rf"\.?({_NAME}\.({'|'.join(map(re.escape, _SUFFIXES))})|{MANIFEST})"
    r"(\.[0-9a-f]{8})?"
)
"""Names of files that an update writes, also of the temporary ones."""

Name = Annotated[str, Field(pattern=f"^{_NAME}$")]


class SegmentEntry(BaseModel):
    """A segment of the index."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    photos: Annotated[int, Field(gt=0)]


class Manifest(BaseModel):
    """One version of an index."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    """The format of the files."""
    version: Annotated[int, Field(gt=0)]
    """1 for the first version of a folder; each update that changes something adds 1."""
    name: Name
    """The first part of the names of the files that belong to this version alone."""
    model: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """The digest of the model that made all vectors."""
    embedding_dim: Annotated[int, Field(gt=0)]
    prepare: dict[str, int | float]
    """How photos were checked and resized before they were embedded: the section of params.yaml."""
    segments: tuple[SegmentEntry, ...]
    """In the order of the rows of the index."""
    whitening: Name | None = None
    """The first part of the name of the whitening, which later versions keep; None if there is none."""

    def list_files(self) -> set[str]:
        """Return the names of all files of this version but the manifest."""
        own = {f"{self.name}.{suffix}" for suffix in (SEARCHED, PRODUCTS, LEFT_OUT)}
        own |= {f"{self.whitening}.{WHITENING}"} if self.whitening else set()
        return own.union(*({f"{entry.name}.{VECTORS}", f"{entry.name}.{PHOTOS}"} for entry in self.segments))


def make_name(version: int) -> str:
    """Return the first part of the names of a version's files; no other version has it, even after a new build."""
    return f"{version:06}-{uuid.uuid4().hex[:8]}"


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of the present version; None if the folder holds no index.

    Raises:
        ContractError: The manifest cannot be read, or is of another version of Weft.
    """
    path = folder / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ContractError(f"{path}: cannot be read: {error}") from error
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"])) or "the file"
        raise ContractError(
            f"{path}: expected the manifest of an index, got {place}: {problem['msg']}; run `weft index build`"
        ) from error


def require_manifest(folder: Path) -> Manifest:
    """Return the manifest of the present version.

    Raises:
        ContractError: The manifest cannot be read, or is of another version of Weft.
        InputError: The folder holds no index.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise InputError(f"{folder}: expected an index, got none; run `weft index build`")
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest by another one, after all files that it names are on disk."""
    for name in sorted(manifest.list_files()):
        sync(folder / name)
    sync(folder)
    with tables.atomic_write(folder / MANIFEST) as temporary:
        temporary.write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        sync(temporary)
    sync(folder)


def _remove_other_files(folder: Path, manifest: Manifest | None) -> None:
    """Remove the files of older versions and of updates that were killed; other files are left alone."""
    named = {MANIFEST, *(manifest.list_files() if manifest else ())}
    for path in sorted(folder.iterdir()):
        if path.name not in named and _OWN_FILE.fullmatch(path.name):
            path.unlink()


@contextmanager
def open_for_writing(folder: Path) -> Iterator[Manifest | None]:
    """Lock a folder, make it if it is missing, and yield its manifest; None for a new or a damaged index.

    Files that the manifest does not name are removed before and after the block.

    Raises:
        InputError: Another process writes, or the folder cannot be written or holds other files.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        foreign = [path.name for path in folder.iterdir() if path.name != LOCK and not _OWN_FILE.fullmatch(path.name)]
        if foreign:
            raise InputError(f"{folder}: expected an empty folder or an index, got {min(foreign)}; name another folder")
        with (folder / LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InputError(
                    f"{folder}: another process updates this index; try again when it has ended"
                ) from error
            manifest = _read_valid_manifest(folder)
            _remove_other_files(folder, manifest)
            try:
                yield manifest
            finally:
                _remove_other_files(folder, _read_valid_manifest(folder))
    except OSError as error:
        raise InputError(f"{folder}: the index cannot be written: {get_first_line(error)}") from error


def _read_valid_manifest(folder: Path) -> Manifest | None:
    try:
        return read_manifest(folder)
    except ContractError:
        return None


def sync(path: Path) -> None:
    """Wait until a file, or the entries of a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
