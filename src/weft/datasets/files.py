"""Photos of a benchmark by name, in a folder or in a zip that is never unpacked to disk.

How large a benchmark's photos are, seen on a few of them: the same data set comes in several resolutions.

A photo cut to the box around the garment.
"""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol

from weft.errors import BenchmarkError, PhotoError
from weft.photos.decode import decode

MAX_PHOTO_BYTES = 64 * 1024 * 1024
"""No photo of a product is larger; a zip entry that says so is a mistake or a bomb."""

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"})


class PhotoFiles(Protocol):
    """Photos by their name, always with forward slashes."""

    def list_names(self) -> Sequence[str]:
        """The names of all files that look like photos, sorted."""

    def contains(self, name: str) -> bool:
        """Whether a file of that name is there, inside the folder or zip."""

    def read(self, name: str) -> bytes:
        """The bytes of a photo.

        Raises:
            BenchmarkError: It is gone, damaged, encrypted, or larger than MAX_PHOTO_BYTES.
        """


class FolderPhotos:
    """Photos below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __str__(self) -> str:
        return str(self._folder)

    def list_names(self) -> Sequence[str]:
        """The names of all files below the folder that look like photos, sorted."""
        files = (file.relative_to(self._folder) for file in self._folder.rglob("*") if file.is_file())
        return sorted(file.as_posix() for file in files if _is_photo_name(file.as_posix()))

    def contains(self, name: str) -> bool:
        """Whether the name leads to a file that truly lies below the folder."""
        try:
            file = (self._folder / name).resolve()
            return file.is_relative_to(self._folder.resolve()) and file.is_file()
        except (OSError, ValueError):
            return False

    def read(self, name: str) -> bytes:
        """The bytes of a photo; see `PhotoFiles.read`."""
        try:
            with (self._folder / name).open("rb") as stream:
                return _check_size(stream.read(MAX_PHOTO_BYTES + 1), f"{self._folder / name}")
        except (OSError, ValueError) as error:
            raise BenchmarkError(f"{self._folder / name}: the photo cannot be read: {error}") from error


class ZipPhotos:
    """Photos in a zip, read one at a time."""

    def __init__(self, path: Path) -> None:
        """Read the zip's directory.

        Raises:
            BenchmarkError: The file is not a zip.
        """
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
            raise BenchmarkError(f"{path}: not a readable zip of photos: {error}; fetch it again") from error
        self._entries = {entry.filename: entry for entry in self._zip.infolist() if not entry.is_dir()}

    def __str__(self) -> str:
        return str(self._path)

    def list_names(self) -> Sequence[str]:
        """The names of all entries that look like photos, sorted."""
        return sorted(name for name in self._entries if _is_photo_name(name))

    def contains(self, name: str) -> bool:
        """Whether the zip has an entry of exactly that name."""
        return name in self._entries

    def read(self, name: str) -> bytes:
        """The bytes of a photo; see `PhotoFiles.read`."""
        location = f"{self._path}, entry {name}"
        try:
            entry = self._entries[name]
            _check_size(b"", location, entry.file_size)
            with self._zip.open(entry) as stream:
                return _check_size(stream.read(MAX_PHOTO_BYTES + 1), location)
        except BenchmarkError:
            raise
        except Exception as error:  # a damaged zip raises whatever its decompressor raises
            raise BenchmarkError(f"{location}: the photo cannot be read: {error}; fetch the zip again") from error


def _check_size(photo: bytes, location: str, size: int | None = None) -> bytes:
    size = len(photo) if size is None else size
    if size > MAX_PHOTO_BYTES:
        raise BenchmarkError(f"{location}: larger than {MAX_PHOTO_BYTES:,} bytes, wanted a photo; take it out")
    return photo


def _is_photo_name(name: str) -> bool:
    path = PurePosixPath(name)
    is_hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return path.suffix.lower() in PHOTO_SUFFIXES and not is_hidden


def find_photo_files(folder: Path, zips: Sequence[str], folders: Sequence[str]) -> PhotoFiles:
    """The first of these zips, then of these folders, that is there below `folder`.

    Raises:
        BenchmarkError: None of them is there.
    """
    for name in zips:
        if (folder / name).is_file():
            return ZipPhotos(folder / name)
    for name in folders:
        if (folder / name).is_dir():
            return FolderPhotos(folder / name)
    expected = ", ".join([*zips, *(f"{name}/" for name in folders)])
    raise BenchmarkError(f"{folder}: no photos there, wanted one of {expected}; check benchmarks.<name>.path")


SAMPLE_SIZE = 16


def find_largest_size(files: PhotoFiles, names: Sequence[str]) -> tuple[int, int] | None:
    """Width and height, in pixels, of the largest of a few photos spread over `names`; None if none can be read."""
    from PIL import Image

    sizes: list[tuple[int, int]] = []
    for name in names[:: max(1, len(names) // SAMPLE_SIZE)][:SAMPLE_SIZE]:
        try:
            with Image.open(io.BytesIO(files.read(name)), formats=("JPEG", "PNG", "WEBP")) as photo:
                sizes.append(photo.size)
        except Exception:  # noqa: BLE001 - what cannot be opened is counted when it is embedded
            continue
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


Box = tuple[int, int, int, int]
"""Left, upper, right and lower edge, in pixels of the photo."""


def crop_photo(photo: bytes, box: Box) -> bytes:
    """The part of the photo inside the box, as PNG without loss; the box is cut at the photo's edges.

    Bytes that are no photo, or have nothing inside the box, come back as they are: who decodes them counts them.
    """
    try:
        image = decode(photo)
    except PhotoError:
        return photo
    left, upper = max(box[0], 0), max(box[1], 0)
    right, lower = min(box[2], image.width), min(box[3], image.height)
    if right <= left or lower <= upper:
        return photo
    out = io.BytesIO()
    image.crop((left, upper, right, lower)).save(out, "PNG", compress_level=1)
    return out.getvalue()
