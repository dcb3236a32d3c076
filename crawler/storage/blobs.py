"""Contents: photo bytes as files named by their sha256, shared by all crawls whose states lie in one folder.

A file is written under a temporary name, fsynced and renamed, so that what bears its final name is whole. A few
threads do that as photos come, and the store waits for them before it commits the rows that name the photos: were it
done one at a time, the disk's pauses would be the crawl's.
"""

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

PHOTO_DIR_NAME = "photos"
"""Beside the state files."""
WRITER_THREADS = 4
"""2,000 photos of 3 kB: 0.6 s with 4 threads or 16, 2.6 s with one."""
MAX_PENDING_WRITES = 64
"""Photos in memory; when the disk is slower than the shop, the crawl waits."""


class BlobStore:
    """The photo bytes that crawls in one folder brought home.

    Args:
        states: Folder of the state files.
    """

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir / PHOTO_DIR_NAME

    def path(self, sha256: str) -> Path:
        """Where the photo of this digest lies."""
        return self._folder / sha256[:2] / sha256

    def has(self, sha256: str) -> bool:
        """Whether it is there."""
        return self.path(sha256).exists()

    def read(self, sha256: str) -> bytes | None:
        """Its bytes; None where the file is missing or holds others."""
        try:
            body = self.path(sha256).read_bytes()
        except OSError:
            return None
        return body if hashlib.sha256(body).hexdigest() == sha256 else None

    def remove(self, digests: Iterable[str]) -> int:
        """Remove photos, those that are there; their bytes in all."""
        freed_bytes = 0
        for digest in digests:
            path = self.path(digest)
            if path.exists():
                freed_bytes += path.stat().st_size
                path.unlink()
        return freed_bytes

    def digests(self) -> Iterator[str]:
        """Every photo that is there, sorted."""
        for folder in sorted(self._folder.glob("[0-9a-f][0-9a-f]")):
            yield from sorted(file.name for file in folder.iterdir())

    def open_writer(self, crawl_name: str) -> "BlobWriter":
        """Room for the photos of one crawl, by a name no other crawl of the folder bears."""
        return BlobWriter(self, self._folder / f"incoming-{crawl_name}")


class BlobWriter:
    """Photos under way to their final name; whatever an earlier run left behind half written is removed.

    Raises:
        OSError: The disk does not take them, from every method that writes.
    """

    def __init__(self, blobs: BlobStore, folder: Path) -> None:
        self._blobs = blobs
        self._folder = folder
        self._pending: dict[str, Future[None]] = {}
        self._executor = ThreadPoolExecutor(WRITER_THREADS, thread_name_prefix="contents")
        shutil.rmtree(folder, ignore_errors=True)

    def add(self, body: bytes) -> str:
        """Have `body` written, unless it is there; its digest."""
        digest = hashlib.sha256(body).hexdigest()
        if digest not in self._pending and not self._blobs.has(digest):
            if len(self._pending) >= MAX_PENDING_WRITES:
                self.flush()
            self._pending[digest] = self._executor.submit(self._write_file, digest, body)
        return digest

    def flush(self) -> None:
        """Wait until all that was added bears its final name, before the rows that name it are committed."""
        pending, self._pending = self._pending, {}
        wait(pending.values())
        for future in pending.values():
            future.result()

    def discard(self) -> None:
        """Leave nothing half written of what was added; what bears its final name already is whole, and stays."""
        wait(self._pending.values())
        self._pending.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def close(self) -> None:
        """Let go of what is not settled, and of the threads."""
        self.discard()
        self._executor.shutdown()

    def _write_file(self, digest: str, body: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        temporary = self._folder / digest
        with temporary.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        final = self._blobs.path(digest)
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(final)
