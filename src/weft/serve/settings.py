"""The settings of a server: the files that it reads, where it listens, and its limits."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from weft.errors import InputError
from weft.search.catalogue_index import IndexType


@dataclass(frozen=True)
class ServedFiles:
    """The outputs of the pipeline that a server reads."""

    model: Path
    embeddings: Path
    """Embeddings of the catalogue, made by the model."""
    products: Path
    """products.parquet of the stage crawl."""
    photos: Path
    """The folder of the prepared photos."""
    calibration: Path
    """The thresholds of tags; without them tags have no probability."""
    index: Path | None = None
    """The index of `weft index`, which has products and photos of its own; None to search the embeddings."""
    index_type: IndexType = "exact"


@dataclass(frozen=True)
class AuditFiles:
    """What the audit page reads and writes."""

    audit: Path
    """The output folder of the audit; without it the page has no mismatches."""
    verdict_store: Path
    """The SQLite file of the verdicts; it is created if there is none."""
    verdicts: Path
    """verdicts.tsv with verdicts of before, if there is one."""


@dataclass(frozen=True)
class ServerLimits:
    """What one server accepts."""

    max_body_bytes: int = 10_000_000
    """A larger request is refused with status 413."""
    max_requests_in_flight: int = 32
    """More searches at once are refused with status 429."""
    requests_per_second: float = 10.0
    """Searches of one client address in the long run; more are refused with status 429."""
    burst: int = 40
    """Searches of one client address at once."""


@dataclass(frozen=True)
class ServerSettings:
    """Where a server listens, and who may use it."""

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    """The bearer token of each request; None only on loopback."""
    limits: ServerLimits = field(default_factory=ServerLimits)

    def __post_init__(self) -> None:
        """Refuse a server without a token that other machines could use.

        Raises:
            InputError: The token is missing or too short.
        """
        if self.token is None and not self.is_loopback:
            raise InputError(
                f"--host {self.host}: other machines can reach this address, so a token is required; "
                "write one into a file and name it with --token-file"
            )
        if self.token is not None and (
            len(self.token) < 16 or not self.token.isascii() or not self.token.isprintable()
        ):
            raise InputError("--token-file: expected a token of at least 16 printable ASCII characters")

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the address."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
