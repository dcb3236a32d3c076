"""Where the photos of a DeepFashion benchmark lie: 256 px or high resolution, zip or folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from weft.benchmarks.photo_files import FolderPhotos, PhotoFiles, ZipPhotos
from weft.benchmarks.photo_size import find_largest_size
from weft.errors import BenchmarkError

LOW_RES, HIGH_RES = "img", "img_highres"
"""The release of 256 x 256 px that retrieval is published on, and the one of up to 1,101 px a side."""
MAX_LOW_RES_SIDE_PX = 256


@dataclass(frozen=True)
class DeepFashionPhotos:
    """The photos, by their name in the partition ("img/WOMEN/...")."""

    files: PhotoFiles
    release: str
    """SMALL or LARGE."""
    unused_releases: tuple[str, ...] = ()
    """Other releases that lie beside."""

    def to_file_name(self, image: str) -> str:
        """The name of a photo in this release."""
        return HIGH_RES + image.removeprefix(LOW_RES) if self.release == HIGH_RES else image

    def contains(self, image: str) -> bool:
        """Whether the photo is there."""
        return self.files.contains(self.to_file_name(image))

    def read(self, image: str) -> bytes:
        """The bytes of a photo; see `PhotoFiles.read`."""
        return self.files.read(self.to_file_name(image))

    def describe(self, images: Sequence[str]) -> str:
        """Which release this is, in a sentence, by its name and by the size of photos seen."""
        size = find_largest_size(self.files, [self.to_file_name(image) for image in images])
        unused_note = f"; {', '.join(self.unused_releases)} beside it is not used" if self.unused_releases else ""
        if size is None:
            return f"photos: {self.release}, of unknown size{unused_note}"
        resolution = "256 px" if max(size) <= MAX_LOW_RES_SIDE_PX else "high resolution"
        return f"photos: {self.release}, {resolution} ({size[0]} x {size[1]} px is the largest of those looked at){unused_note}"


def find_deepfashion_photos(folder: Path, image: str) -> DeepFashionPhotos:
    """The release that has `image`, SMALL before LARGE, zip before folder, here before in Img/.

    Raises:
        BenchmarkError: No photos are there.
    """
    available = []
    for release in (LOW_RES, HIGH_RES):
        for parent in (folder, folder / "Img"):
            if (parent / f"{release}.zip").is_file():
                available.append(DeepFashionPhotos(ZipPhotos(parent / f"{release}.zip"), release))
            if (parent / release).is_dir():
                available.append(DeepFashionPhotos(FolderPhotos(parent), release))
    if not available:
        raise BenchmarkError(f"{folder}: no photos there, wanted img.zip, img/ or img_highres.zip; see its Img folder")
    found = next((photos for photos in available if photos.contains(image)), available[0])
    other_releases = {photos.release for photos in available} - {found.release}
    return DeepFashionPhotos(found.files, found.release, tuple(sorted(other_releases)))
