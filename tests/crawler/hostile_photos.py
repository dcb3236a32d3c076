"""Photos of one motif in every format that shops serve: a red square whose upper left quarter is blue."""

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

RED, BLUE = (200, 30, 40), (20, 40, 190)
WIDTH, HEIGHT = 120, 160


def draw_motif() -> Image.Image:
    """Return the motif, upright."""
    image = Image.new("RGB", (WIDTH, HEIGHT), RED)
    image.paste(BLUE, (0, 0, WIDTH // 2, HEIGHT // 2))
    return image


def encode_image(image: Image.Image, image_format: str, **options: object) -> bytes:
    """Return the encoded image."""
    out = io.BytesIO()
    image.save(out, image_format, **options)
    return out.getvalue()


def make_valid_photos() -> dict[str, bytes]:
    """Return photos that decode to the motif."""
    return {
        "plain.jpg": encode_image(draw_motif(), "JPEG", quality=95),
        "progressive.jpg": encode_image(draw_motif(), "JPEG", quality=95, progressive=True),
        "cmyk.jpg": encode_image(draw_motif().convert("CMYK"), "JPEG", quality=95),
        "rotated.jpg": encode_image(
            draw_motif().transpose(Image.Transpose.ROTATE_90), "JPEG", quality=95, exif=make_orientation_exif(6)
        ),
        "mirrored.jpg": encode_image(
            draw_motif().transpose(Image.Transpose.TRANSPOSE), "JPEG", quality=95, exif=make_orientation_exif(5)
        ),
        "plain.png": encode_image(draw_motif(), "PNG"),
        "palette.png": encode_image(draw_motif().quantize(8), "PNG"),
        "deep.png": encode_png16(),
        "plain.webp": encode_image(draw_motif(), "WEBP", quality=95),
        "plain.avif": encode_image(draw_motif(), "AVIF", quality=95),
        "rotated.avif": encode_image(
            draw_motif().transpose(Image.Transpose.ROTATE_90), "AVIF", quality=95, exif=make_orientation_exif(6)
        ),
        "still.gif": encode_image(draw_motif().quantize(8), "GIF"),
        "plain.bmp": encode_image(draw_motif(), "BMP"),
        "plain.tiff": encode_image(draw_motif(), "TIFF"),
    }


def make_converted_photos() -> dict[str, tuple[bytes, tuple[int, int, int], tuple[int, int, int]]]:
    """Return photos that decode to other colours, with those of their upper left and lower right quarters."""
    grey = np.full((HEIGHT, WIDTH), 0x3000, np.uint16)
    grey[: HEIGHT // 2, : WIDTH // 2] = 0xC000
    clear = draw_motif().convert("RGBA")
    clear.paste((0, 0, 0, 0), (WIDTH // 2, HEIGHT // 2, WIDTH, HEIGHT))
    half_transparent = Image.new("LA", (WIDTH, HEIGHT), (0, 128))
    white = (255, 255, 255)
    return {
        "grey16.png": (encode_image(Image.fromarray(grey), "PNG"), (0xC0,) * 3, (0x30,) * 3),
        "clear.png": (encode_image(clear, "PNG"), BLUE, white),
        "clear.webp": (encode_image(clear, "WEBP", lossless=True), BLUE, white),
        "half.png": (encode_image(half_transparent, "PNG"), (127,) * 3, (127,) * 3),
        "grey.jpg": (encode_image(Image.new("L", (WIDTH, HEIGHT), 77), "JPEG"), (77,) * 3, (77,) * 3),
    }


def make_invalid_photos() -> dict[str, tuple[bytes, str]]:
    """Return photos that are quarantined, with the reason."""
    frames = {"save_all": True, "append_images": [draw_motif().rotate(180)], "duration": 90}
    return {
        "cut.jpg": (encode_image(draw_motif(), "JPEG", quality=95)[:-900], "cannot be decoded"),
        "cut.png": (encode_image(draw_motif(), "PNG")[:-200], "cannot be decoded"),
        "header.jpg": (encode_image(draw_motif(), "JPEG")[:30], "cannot be decoded"),
        "moving.gif": (encode_image(draw_motif(), "GIF", **frames), "animated"),
        "moving.webp": (encode_image(draw_motif(), "WEBP", **frames), "animated"),
        "moving.png": (encode_image(draw_motif(), "PNG", **frames), "animated"),
        "dot.png": (encode_image(Image.new("RGB", (1, 1), RED), "PNG"), "tiny"),
        "dot.gif": (encode_image(Image.new("L", (1, 1)), "GIF"), "tiny"),
        "banner.jpg": (encode_image(Image.new("RGB", (1400, 200), RED), "JPEG"), "long and narrow"),
        "huge.png": (encode_huge_png(12_000), "too many pixels"),
    }


def make_orientation_exif(orientation: int) -> Image.Exif:
    """Return EXIF data with an orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def encode_png16() -> bytes:
    """Return the motif as a PNG with 16 bits per channel, which Pillow can read but not write."""
    rows = np.asarray(draw_motif()).astype(">u2") * 257
    return encode_png(WIDTH, HEIGHT, 16, (b"\0" + row.tobytes() for row in rows))


def encode_huge_png(side: int) -> bytes:
    """Return a valid RGB image: 432 MB decoded for a side of 12,000, a few hundred kilobytes encoded."""
    row = bytes(1 + 3 * side)
    return encode_png(side, side, 8, (row for _ in range(side)))


def encode_png(width: int, height: int, bits: int, rows: Iterator[bytes]) -> bytes:
    """Return an RGB PNG of filtered rows."""
    packer = zlib.compressobj(1)
    body = b"".join([*(packer.compress(row) for row in rows), packer.flush()])
    header = struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_encode_chunk(kind, data) for kind, data in chunks)


def _encode_chunk(chunk_type: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + chunk_type + data + struct.pack(">I", zlib.crc32(chunk_type + data))
