"""Photos of one motif in every format and shape that shops serve: a red field, its upper left quarter blue."""

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

RED, BLUE = (200, 30, 40), (20, 40, 190)
WIDTH, HEIGHT = 120, 160


def motif() -> Image.Image:
    """Upright."""
    image = Image.new("RGB", (WIDTH, HEIGHT), RED)
    image.paste(BLUE, (0, 0, WIDTH // 2, HEIGHT // 2))
    return image


def file(image: Image.Image, kind: str, **options: object) -> bytes:
    """`image` in the format of that name."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def sound() -> dict[str, bytes]:
    """Photos that end as the motif."""
    return {
        "plain.jpg": file(motif(), "JPEG", quality=95),
        "progressive.jpg": file(motif(), "JPEG", quality=95, progressive=True),
        "cmyk.jpg": file(motif().convert("CMYK"), "JPEG", quality=95),
        "rotated.jpg": file(motif().transpose(Image.Transpose.ROTATE_90), "JPEG", quality=95, exif=turned(6)),
        "mirrored.jpg": file(motif().transpose(Image.Transpose.TRANSPOSE), "JPEG", quality=95, exif=turned(5)),
        "plain.png": file(motif(), "PNG"),
        "palette.png": file(motif().quantize(8), "PNG"),
        "deep.png": png16(),
        "plain.webp": file(motif(), "WEBP", quality=95),
        "plain.avif": file(motif(), "AVIF", quality=95),
        "rotated.avif": file(motif().transpose(Image.Transpose.ROTATE_90), "AVIF", quality=95, exif=turned(6)),
        "still.gif": file(motif().quantize(8), "GIF"),
        "plain.bmp": file(motif(), "BMP"),
        "plain.tiff": file(motif(), "TIFF"),
    }


def others() -> dict[str, tuple[bytes, tuple[int, int, int], tuple[int, int, int]]]:
    """Photos that end as something else, with the colours of their upper left and lower right quarter."""
    grey = np.full((HEIGHT, WIDTH), 0x3000, np.uint16)
    grey[: HEIGHT // 2, : WIDTH // 2] = 0xC000
    clear = motif().convert("RGBA")
    clear.paste((0, 0, 0, 0), (WIDTH // 2, HEIGHT // 2, WIDTH, HEIGHT))
    half = Image.new("LA", (WIDTH, HEIGHT), (0, 128))
    white = (255, 255, 255)
    return {
        "grey16.png": (file(Image.fromarray(grey), "PNG"), (0xC0,) * 3, (0x30,) * 3),
        "clear.png": (file(clear, "PNG"), BLUE, white),
        "clear.webp": (file(clear, "WEBP", lossless=True), BLUE, white),
        "half.png": (file(half, "PNG"), (127,) * 3, (127,) * 3),
        "grey.jpg": (file(Image.new("L", (WIDTH, HEIGHT), 77), "JPEG"), (77,) * 3, (77,) * 3),
    }


def refused() -> dict[str, tuple[bytes, str]]:
    """Photos that are quarantined, with the reason."""
    frames = {"save_all": True, "append_images": [motif().rotate(180)], "duration": 90}
    return {
        "cut.jpg": (file(motif(), "JPEG", quality=95)[:-900], "cannot be decoded"),
        "cut.png": (file(motif(), "PNG")[:-200], "cannot be decoded"),
        "header.jpg": (file(motif(), "JPEG")[:30], "cannot be decoded"),
        "moving.gif": (file(motif(), "GIF", **frames), "animated"),
        "moving.webp": (file(motif(), "WEBP", **frames), "animated"),
        "moving.png": (file(motif(), "PNG", **frames), "animated"),
        "dot.png": (file(Image.new("RGB", (1, 1), RED), "PNG"), "tiny"),
        "dot.gif": (file(Image.new("L", (1, 1)), "GIF"), "tiny"),
        "banner.jpg": (file(Image.new("RGB", (1400, 200), RED), "JPEG"), "long and narrow"),
        "huge.png": (huge_png(12_000), "too many pixels"),
    }


def turned(orientation: int) -> Image.Exif:
    """EXIF that says how the camera was held."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def png16() -> bytes:
    """The motif with 16 bits a channel, which Pillow reads and cannot write."""
    rows = np.asarray(motif()).astype(">u2") * 257
    return png(WIDTH, HEIGHT, 16, (b"\0" + row.tobytes() for row in rows))


def huge_png(side: int) -> bytes:
    """A plain RGB picture, whole and valid: 432 MB for a side of 12,000, in some hundred kilobytes."""
    row = bytes(1 + 3 * side)
    return png(side, side, 8, (row for _ in range(side)))


def png(width: int, height: int, bits: int, rows: Iterator[bytes]) -> bytes:
    """An RGB PNG of filtered rows."""
    packer = zlib.compressobj(1)
    body = b"".join([*(packer.compress(row) for row in rows), packer.flush()])
    header = struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
