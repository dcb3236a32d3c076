"""Open a feed, sitemap or catalogue as a stream of bytes: decompress gzip and limit the size."""

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from weft.errors import ShopError

MAX_FEED_BYTES = 8 * 1024**3
"""Maximum size of one feed after decompression: about ten million products."""
MAX_GZIP_LAYERS = 3
"""Some servers compress a file again that is compressed already."""
_GZIP_MAGIC = b"\x1f\x8b"


class _LimitedReader(io.RawIOBase):
    """A stream that raises ShopError when it holds more than `max_bytes`."""

    def __init__(self, inner: IO[bytes], name: str, max_bytes: int) -> None:
        self._inner, self._name, self._remaining_bytes, self._max_bytes = inner, name, max_bytes, max_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            block = self._inner.read(len(buffer))
        except (OSError, EOFError) as error:
            raise ShopError(f"{self._name}: cannot be read: {error}") from error
        self._remaining_bytes -= len(block)
        if self._remaining_bytes < 0:
            raise ShopError(
                f"{self._name}: expected at most {self._max_bytes} bytes after decompression, got a larger file; "
                "split it"
            )
        buffer[: len(block)] = block
        return len(block)


@contextmanager
def open_limited(
    source: Path | str | BinaryIO, name: str = "", max_bytes: int = MAX_FEED_BYTES
) -> Iterator[io.BufferedReader]:
    """Open `source` for reading. Gzip is recognised by its first bytes and decompressed, also gzip inside gzip.

    Args:
        source: A path, or a binary stream, which is left open.
        name: Names the source in error messages; by default the path.
        max_bytes: Maximum size after decompression.

    Raises:
        ShopError: The source cannot be read, or, during reading, exceeds `max_bytes`.
    """
    if isinstance(source, str | Path):
        try:
            stream: BinaryIO = Path(source).open("rb")  # noqa: SIM115 (closed below)
        except OSError as error:
            raise ShopError(f"{source}: cannot be read: {error.strerror}") from error
        with stream:
            yield _limited_reader(stream, name or str(source), max_bytes)
    else:
        yield _limited_reader(source, name or "the feed", max_bytes)


def _limited_reader(stream: BinaryIO, name: str, max_bytes: int) -> io.BufferedReader:
    layer = (
        stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(_LimitedReader(stream, name, max_bytes))
    )
    for _ in range(MAX_GZIP_LAYERS):
        if layer.peek(2)[:2] != _GZIP_MAGIC:
            break
        unzipped = cast("IO[bytes]", gzip.GzipFile(fileobj=layer))
        layer = io.BufferedReader(_LimitedReader(unzipped, name, max_bytes), buffer_size=1 << 16)
    return io.BufferedReader(_LimitedReader(layer, name, max_bytes), buffer_size=1 << 16)
