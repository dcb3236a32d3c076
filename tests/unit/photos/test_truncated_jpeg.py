"""A JPEG that lacks its last bytes is used; one that lacks more is refused."""

import io

import numpy as np
import pytest
from PIL import Image

from weft.errors import PhotoError
from weft.photos.decode import decode
from weft.photos.truncated_jpeg import lacks_end


def draw(progressive: bool = False, size: tuple[int, int] = (240, 320)) -> bytes:
    noise = np.random.default_rng(3).integers(0, 255, (size[1] // 16, size[0] // 16, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).resize(size).save(stream, "JPEG", quality=90, progressive=progressive)
    return stream.getvalue()


@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
@pytest.mark.parametrize("missing_bytes", [1, 2, 20])
def test_a_photo_without_its_last_bytes_is_nearly_the_same_photo(missing_bytes, progressive):
    data = draw(progressive)
    whole, cut = (np.asarray(decode(photo), int) for photo in (data, data[:-missing_bytes]))
    assert (abs(whole - cut).max(axis=(1, 2)) > 0).mean() <= 0.1


@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.8])
def test_a_photo_without_its_last_part_is_refused(kept, progressive):
    data = draw(progressive)
    with pytest.raises(PhotoError, match=r"cannot be decoded: the JPEG is truncated"):
        decode(data[: int(kept * len(data))])


def test_only_a_jpeg_without_an_end_lacks_its_end():
    data = draw()
    assert lacks_end(data[:-1])
    assert not lacks_end(data)
    assert not lacks_end(data + b"appended by a camera" * 99)
    assert not lacks_end(b"\x89PNG")
    assert not lacks_end(b"")


def test_a_thumbnail_inside_the_file_is_not_taken_for_its_end():
    thumbnail = draw(size=(32, 48))
    data = draw()
    comment = b"\xff\xfe" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    assert lacks_end(data[:2] + comment + data[2:-2])
    assert not lacks_end(data[:2] + comment + data[2:])
