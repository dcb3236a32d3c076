"""The verdicts of people in SQLite: a verdict that was answered to survives the end of the process and of power."""

import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import astuple
from pathlib import Path

from weft.errors import ContractError, InputError
from weft.tagging.verdicts import JudgedCase, Verdict, Verdicts

_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS verdicts (
    kind TEXT NOT NULL,
    product_id TEXT NOT NULL,
    predicted_word TEXT NOT NULL,
    text_word TEXT NOT NULL,
    is_accepted INTEGER CHECK (is_accepted IN (0, 1)),  -- NULL: the verdict was withdrawn
    judged_at TEXT NOT NULL,
    PRIMARY KEY (kind, product_id, predicted_word, text_word)
) WITHOUT ROWID;
"""
_UPSERT = """
INSERT INTO verdicts VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET is_accepted = excluded.is_accepted, judged_at = excluded.judged_at
WHERE excluded.judged_at >= judged_at
"""


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class VerdictStore:
    """One SQLite file of verdicts. Threads may share it, and processes may share the file."""

    def __init__(self, path: Path, clock: Callable[[], str] = _now) -> None:
        """Open the file, and create it if there is none.

        Raises:
            InputError: The folder cannot be written.
            ContractError: The file is no store of verdicts, or of a newer version.
        """
        self._path, self._clock, self._lock = path, clock, threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
            self._prepare()
        except (OSError, sqlite3.OperationalError) as error:
            raise InputError(
                f"{path}: cannot be written: {error}; name a file in a writable folder with --verdict-store"
            ) from error
        except sqlite3.DatabaseError as error:
            raise ContractError(f"{path}: not a store of verdicts: {error}; name another file") from error

    def _prepare(self) -> None:
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if version > _SCHEMA_VERSION:
            raise ContractError(f"{self._path}: a newer version of Weft wrote it; use that version, or another file")
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute(_SCHEMA)
        self._database.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def judge(self, case: JudgedCase, is_accepted: bool | None) -> None:
        """Store a verdict; None withdraws it. It is on disk when this returns."""
        with self._lock:
            self._database.execute(_UPSERT, (*astuple(case), is_accepted, self._clock()))

    def merge(self, verdicts: Verdicts) -> None:
        """Add verdicts of verdicts.tsv; of two verdicts on one case the newer stays."""
        rows = [(*astuple(case), verdict.is_accepted, verdict.judged_at) for case, verdict in verdicts.items()]
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._database.executemany(_UPSERT, rows)
            except sqlite3.Error:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def read(self) -> Mapping[JudgedCase, Verdict]:
        """Return all verdicts but those that were withdrawn."""
        with self._lock:
            rows = self._database.execute("SELECT * FROM verdicts WHERE is_accepted IS NOT NULL").fetchall()
        return {JudgedCase(*case): Verdict(bool(is_accepted), judged_at) for *case, is_accepted, judged_at in rows}
