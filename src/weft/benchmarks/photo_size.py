"""How large a benchmark's photos are, seen on a few of them: the same data set comes in several resolutions."""

import io
from collections.abc import Sequence

from weft.benchmarks.photo_files import PhotoFiles

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
