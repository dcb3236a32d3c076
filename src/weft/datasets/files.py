"""Photos of a data set, read by name from a folder or from a zip, which is never unpacked to disk."""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol

from weft.errors import BenchmarkError, PhotoError
from weft.photos.decode import decode

MAX_PHOTO_BYTES = 64 * 1024 * 1024
"""No product photo is larger; a larger zip entry is an error or a decompression bomb."""

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"})

SAMPLE_SIZE = 16

Box = tuple[int, int, int, int]
"""Left, upper, right and lower edge, in pixels of the photo."""


class PhotoFiles(Protocol):
    """Photos by name; names have forward slashes."""

    def list_names(self) -> Sequence[str]:
        """Return the names of all files with the suffix of a photo, sorted."""

    def contains(self, name: str) -> bool:
        """Return whether a file of that name exists inside the folder or zip."""

    def read(self, name: str) -> bytes:
        """Return the bytes of a photo.

        Raises:
            BenchmarkError: It is missing, damaged, encrypted, or larger than MAX_PHOTO_BYTES.
        """


class FolderPhotos:
    """Photos in a folder and its subfolders."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __str__(self) -> str:
        return str(self._folder)

    def list_names(self) -> Sequence[str]:
        """Return the names of all files below the folder with the suffix of a photo, sorted."""
        files = (file.relative_to(self._folder) for file in self._folder.rglob("*") if file.is_file())
        return sorted(file.as_posix() for file in files if _is_photo_name(file.as_posix()))

    def contains(self, name: str) -> bool:
        """Return whether the name is a file inside the folder, after all links are resolved."""
        try:
            file = (self._folder / name).resolve()
            return file.is_relative_to(self._folder.resolve()) and file.is_file()
        except (OSError, ValueError):
            return False

    def read(self, name: str) -> bytes:
        """Return the bytes of a photo; see `PhotoFiles.read`."""
        try:
            with (self._folder / name).open("rb") as stream:
                return _check_size(stream.read(MAX_PHOTO_BYTES + 1), f"{self._folder / name}")
        except (OSError, ValueError) as error:
            raise BenchmarkError(f"{self._folder / name}: the photo cannot be read: {error}") from error


class ZipPhotos:
    """Photos in a zip, read one at a time."""

    def __init__(self, path: Path) -> None:
        """Read the directory of the zip.

        Raises:
            BenchmarkError: The file is not a zip.
        """
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
            raise BenchmarkError(f"{path}: not a readable zip of photos: {error}; download it again") from error
        self._entries = {entry.filename: entry for entry in self._zip.infolist() if not entry.is_dir()}

    def __str__(self) -> str:
        return str(self._path)

    def list_names(self) -> Sequence[str]:
        """Return the names of all entries with the suffix of a photo, sorted."""
        return sorted(name for name in self._entries if _is_photo_name(name))

    def contains(self, name: str) -> bool:
        """Return whether the zip has an entry of exactly that name."""
        return name in self._entries

    def read(self, name: str) -> bytes:
        """Return the bytes of a photo; see `PhotoFiles.read`."""
        location = f"{self._path}, entry {name}"
        try:
            entry = self._entries[name]
            _check_size(b"", location, entry.file_size)
            with self._zip.open(entry) as stream:
                return _check_size(stream.read(MAX_PHOTO_BYTES + 1), location)
        except BenchmarkError:
            raise
        except Exception as error:  # decompressors raise nearly any exception on a damaged zip
            raise BenchmarkError(f"{location}: the photo cannot be read: {error}; download the zip again") from error


def _check_size(photo: bytes, location: str, size: int | None = None) -> bytes:
    size = len(photo) if size is None else size
    if size > MAX_PHOTO_BYTES:
        raise BenchmarkError(f"{location}: expected a photo of at most {MAX_PHOTO_BYTES:,} bytes; remove the file")
    return photo


def _is_photo_name(name: str) -> bool:
    path = PurePosixPath(name)
    is_hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return path.suffix.lower() in PHOTO_SUFFIXES and not is_hidden


def find_photo_files(folder: Path, zips: Sequence[str], folders: Sequence[str]) -> PhotoFiles:
    """Return the photos of the first of these zips, or else of these folders, that exists in `folder`.

    Raises:
        BenchmarkError: None of them exists.
    """
    for name in zips:
        if (folder / name).is_file():
            return ZipPhotos(folder / name)
    for name in folders:
        if (folder / name).is_dir():
            return FolderPhotos(folder / name)
    expected = ", ".join([*zips, *(f"{name}/" for name in folders)])
    raise BenchmarkError(f"{folder}: no photos, expected one of {expected}; check benchmarks.<name>.path")


def find_largest_size(files: PhotoFiles, names: Sequence[str]) -> tuple[int, int] | None:
    """Return (width, height) in pixels of the largest of SAMPLE_SIZE photos; None if none can be read."""
    from PIL import Image

    sizes: list[tuple[int, int]] = []
    for name in names[:: max(1, len(names) // SAMPLE_SIZE)][:SAMPLE_SIZE]:
        try:
            with Image.open(io.BytesIO(files.read(name)), formats=("JPEG", "PNG", "WEBP")) as photo:
                sizes.append(photo.size)
        except Exception:  # noqa: BLE001 - photos that cannot be opened are counted when they are embedded
            continue
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


def crop_photo(photo: bytes, box: Box) -> bytes:
    """Return the part of the photo inside the box as a lossless PNG; the box is clipped to the photo.

    If the bytes are no photo or the box has no area, they are returned unchanged; the caller's decoder reports them.
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
