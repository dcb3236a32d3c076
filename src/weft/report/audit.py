"""What the audit found: products whose photos and texts disagree, with their evidence."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weft.contracts import files
from weft.contracts.tagging import FINDINGS
from weft.report.examples import Album, Thumbnail
from weft.report.readers import read_rows

MISSING, CONTRADICTED = "missing", "contradicted"


@dataclass(frozen=True)
class Shown:
    """One finding with its pictures."""

    kind: str
    product_id: str
    title: str
    url: str
    """Where it can be looked at; empty where it is no web address."""
    shows: str
    says: str | None
    photo: Thumbnail
    nearest: tuple[Thumbnail, ...]
    """Photos of other products that say what this one shows."""
    evidence: str
    """One or two sentences."""


@dataclass(frozen=True)
class Findings:
    """All findings, the pictured ones in full."""

    counts: dict[str, int]
    """Kind to how many."""
    pairs: dict[str, tuple[tuple[str, int], ...]]
    """Kind to (words, how many), most frequent first."""
    shown: tuple[Shown, ...]


def read_findings(folder: Path, album: Album) -> Findings:
    """Read findings.parquet, written by audit.

    Raises:
        ContractError: The file is missing or broken, or holds a photo that cannot be decoded.
    """
    path = folder / files.FINDINGS
    counts = {CONTRADICTED: 0, MISSING: 0}
    pairs: dict[str, dict[str, int]] = {CONTRADICTED: {}, MISSING: {}}
    shown = []
    for number, row in enumerate(read_rows(path, FINDINGS, "audit")):
        kind = row["kind"]
        counts[kind] += 1
        words = row["shows"] if row["says"] is None else f"says {row['says']}, shows {row['shows']}"
        pairs[kind][words] = pairs[kind].get(words, 0) + 1
        if row["jpeg"] is not None:
            place = f"{path}, row {number}"
            shown.append(
                Shown(
                    kind,
                    row["product_id"],
                    row["title"],
                    row["url"] if row["url"].startswith(("http://", "https://")) else "",
                    row["shows"],
                    row["says"],
                    album.add(row["jpeg"], place),
                    tuple(album.add(jpeg, place) for jpeg in row["nearest_jpegs"]),
                    _evidence(row),
                )
            )
    ordered = {kind: tuple(sorted(of.items(), key=lambda pair: (-pair[1], pair[0]))) for kind, of in pairs.items()}
    return Findings(counts, ordered, tuple(shown))


def _evidence(row: dict[str, Any]) -> str:
    similar = f"of the most similar photos of other products {100 * row['neighbours_showing']:.0f} % are of products"
    if row["says"] is None:
        likely = f"{100 * row['probability']:.0f} % likely by the photo alone"
        return f"“{row['shows']}” is {likely}; {similar} that say it."
    unlike = f"{100 * (1 - row['says_rank']):.1f} % of the products that say “{row['says']}” look more like it"
    saying = f"{100 * row['neighbours_saying']:.0f} % “{row['says']}”"
    return f"{unlike}; {similar} that say “{row['shows']}”, {saying}."
