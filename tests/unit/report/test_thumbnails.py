import base64
import io

import pytest
from PIL import Image

from weft.errors import ContractError
from weft.report.examples import MAX_THUMBNAIL_SIDE, ThumbnailCache


def test_a_small_jpeg_keeps_its_bytes(draw):
    photo = draw("red")
    thumbnail = ThumbnailCache().add(photo, "here")
    assert base64.b64decode(thumbnail.data.partition(",")[2]) == photo
    assert (thumbnail.width, thumbnail.height) == (48, 64)


@pytest.mark.parametrize("size", [(400, 300), (300, 401), (257, 30)])
def test_a_large_photo_is_scaled_down_and_keeps_its_shape(draw, size):
    thumbnail = ThumbnailCache().add(draw("red", size), "here")
    image = Image.open(io.BytesIO(base64.b64decode(thumbnail.data.partition(",")[2])))
    assert image.size == (thumbnail.width, thumbnail.height)
    assert max(image.size) == MAX_THUMBNAIL_SIDE
    assert abs(thumbnail.width - size[0] * MAX_THUMBNAIL_SIDE / max(size)) <= 1


def test_other_formats_become_jpeg():
    buffer = io.BytesIO()
    Image.new("RGBA", (20, 20), (255, 0, 0, 128)).save(buffer, format="PNG")
    thumbnail = ThumbnailCache().add(buffer.getvalue(), "here")
    assert base64.b64decode(thumbnail.data.partition(",")[2])[:2] == b"\xff\xd8"


def test_equal_photos_are_stored_once(draw):
    thumbnails = ThumbnailCache()
    names = [thumbnails.add(draw(colour), "here").name for colour in ("red", "blue", "red")]
    assert names == ["photo-1", "photo-2", "photo-1"]
    assert len(thumbnails.photos) == 2


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_truncated_photo_raises_an_error_with_its_source(draw, share):
    photo = draw("red", (300, 300))
    with pytest.raises(ContractError, match="there: the photo cannot be decoded"):
        ThumbnailCache().add(photo[: int(len(photo) * share)], "there")
