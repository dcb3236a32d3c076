import base64
import io

import pytest
from PIL import Image

from weft.errors import ContractError
from weft.report.examples import LONGEST_SIDE, Album


def test_a_small_jpeg_keeps_its_bytes(draw):
    photo = draw("red")
    kept = Album().add(photo, "here")
    assert base64.b64decode(kept.data.partition(",")[2]) == photo
    assert (kept.width, kept.height) == (48, 64)


@pytest.mark.parametrize("size", [(400, 300), (300, 401), (257, 30)])
def test_a_large_photo_is_scaled_down_and_keeps_its_shape(draw, size):
    kept = Album().add(draw("red", size), "here")
    image = Image.open(io.BytesIO(base64.b64decode(kept.data.partition(",")[2])))
    assert image.size == (kept.width, kept.height)
    assert max(image.size) == LONGEST_SIDE
    assert abs(kept.width - size[0] * LONGEST_SIDE / max(size)) <= 1


def test_another_format_becomes_jpeg():
    buffer = io.BytesIO()
    Image.new("RGBA", (20, 20), (255, 0, 0, 128)).save(buffer, format="PNG")
    kept = Album().add(buffer.getvalue(), "here")
    assert base64.b64decode(kept.data.partition(",")[2])[:2] == b"\xff\xd8"


def test_the_same_photo_is_kept_once(draw):
    album = Album()
    names = [album.add(draw(colour), "here").name for colour in ("red", "blue", "red")]
    assert names == ["photo-1", "photo-2", "photo-1"]
    assert len(album.photos) == 2


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_a_cut_off_photo_is_refused_with_its_place(draw, cut):
    photo = draw("red", (300, 300))
    with pytest.raises(ContractError, match="there: the photo cannot be decoded"):
        Album().add(photo[: int(len(photo) * cut)], "there")
