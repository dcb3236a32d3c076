"""Where the photos of a DeepFashion benchmark lie: 256 px or high resolution, zip or folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from weft.benchmarks.photo_files import FolderPhotos, PhotoFiles, ZipPhotos
from weft.benchmarks.photo_size import largest_size
from weft.errors import BenchmarkError

SMALL, LARGE = "img", "img_highres"
"""The release of 256 x 256 px that retrieval is published on, and the one of up to 1,101 px a side."""
SMALL_SIDE = 256


@dataclass(frozen=True)
class DeepFashionPhotos:
    """The photos, by their name in the partition ("img/WOMEN/...")."""

    files: PhotoFiles
    release: str
    """SMALL or LARGE."""
    unused: tuple[str, ...] = ()
    """Other releases that lie beside."""

    def name(self, image: str) -> str:
        """The name of a photo in this release."""
        return LARGE + image.removeprefix(SMALL) if self.release == LARGE else image

    def has(self, image: str) -> bool:
        """Whether the photo is there."""
        return self.files.has(self.name(image))

    def read(self, image: str) -> bytes:
        """The bytes of a photo; see `PhotoFiles.read`."""
        return self.files.read(self.name(image))

    def told(self, images: Sequence[str]) -> str:
        """Which release this is, in a sentence, by its name and by the size of photos seen."""
        size = largest_size(self.files, [self.name(image) for image in images])
        beside = f"; {', '.join(self.unused)} beside it is not used" if self.unused else ""
        if size is None:
            return f"photos: {self.release}, of unknown size{beside}"
        kind = "256 px" if max(size) <= SMALL_SIDE else "high resolution"
        return f"photos: {self.release}, {kind} ({size[0]} x {size[1]} px is the largest of those looked at){beside}"


def find_photos(folder: Path, image: str) -> DeepFashionPhotos:
    """The release that has `image`, SMALL before LARGE, zip before folder, here before in Img/.

    Raises:
        BenchmarkError: No photos are there.
    """
    there = []
    for release in (SMALL, LARGE):
        for place in (folder, folder / "Img"):
            if (place / f"{release}.zip").is_file():
                there.append(DeepFashionPhotos(ZipPhotos(place / f"{release}.zip"), release))
            if (place / release).is_dir():
                there.append(DeepFashionPhotos(FolderPhotos(place), release))
    if not there:
        raise BenchmarkError(f"{folder}: no photos there, wanted img.zip, img/ or img_highres.zip; see its Img folder")
    found = next((photos for photos in there if photos.has(image)), there[0])
    others = {photos.release for photos in there} - {found.release}
    return DeepFashionPhotos(found.files, found.release, tuple(sorted(others)))
