"""The mismatches that the audit found: products whose photos and texts disagree, with their evidence."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weft.contracts import files
from weft.contracts.tagging import CONTRADICTED, MISMATCHES, MISSING
from weft.errors import ContractError
from weft.report.examples import Thumbnail, ThumbnailCache
from weft.report.products import web_address
from weft.report.readers import iter_rows, read_json


@dataclass(frozen=True)
class PicturedMismatch:
    """One mismatch with its pictures."""

    kind: str
    product_id: str
    title: str
    url: str
    """The product page; empty where the URL is not an http or https address."""
    predicted_word: str
    text_word: str | None
    photo: Thumbnail
    nearest: tuple[Thumbnail, ...]
    """Photos of other products whose short fields have the predicted word."""
    evidence: str
    """One or two sentences."""


@dataclass(frozen=True)
class Mismatches:
    """The counts of all mismatches, and those that have pictures."""

    counts: dict[str, int]
    """Kind to the number of mismatches."""
    n_products: int
    """The number of products with at least one mismatch."""
    word_counts: dict[str, tuple[tuple[str, int], ...]]
    """Kind to (words, number of products), most frequent first."""
    pictured: tuple[PicturedMismatch, ...]
    planted_faults: dict[str, Any]
    """How many of the demo's planted faults were found (fault_detection.json); empty for other catalogues."""


def read_mismatches(folder: Path, thumbnails: ThumbnailCache) -> Mismatches:
    """Read mismatches.parquet, written by audit, a few hundred rows at a time: the list grows with the catalogue.

    Raises:
        ContractError: The file is missing or broken, or holds a photo that cannot be decoded.
    """
    path = folder / files.MISMATCHES
    counts = {CONTRADICTED: 0, MISSING: 0}
    word_counts: dict[str, dict[str, int]] = {CONTRADICTED: {}, MISSING: {}}
    products: set[str] = set()
    pictured = []
    for number, row in enumerate(iter_rows(path, MISMATCHES, "audit")):
        products.add(row["product_id"])
        kind, words = row["kind"], row["predicted_word"]
        if row["text_word"] is not None:
            words = f"text: {row['text_word']}, photo: {row['predicted_word']}"
        counts[kind] += 1
        word_counts[kind][words] = word_counts[kind].get(words, 0) + 1
        if row["jpeg"] is not None:
            source = f"{path}, row {number}"
            pictured.append(
                PicturedMismatch(
                    kind,
                    row["product_id"],
                    row["title"],
                    web_address(row["url"]),
                    row["predicted_word"],
                    row["text_word"],
                    thumbnails.add(row["jpeg"], source),
                    tuple(thumbnails.add(jpeg, source) for jpeg in row["nearest_jpegs"]),
                    describe_evidence(row),
                )
            )
    ordered = {
        kind: tuple(sorted(by_words.items(), key=lambda pair: (-pair[1], pair[0])))
        for kind, by_words in word_counts.items()
    }
    detection = folder / files.FAULT_DETECTION
    faults = read_json(detection, "audit") if detection.is_file() else {}
    absent = {"faults", "found", "mismatches", "true_mismatches"} - faults.keys()
    if faults and absent:
        raise ContractError(f"{detection}: lacks {', '.join(sorted(absent))}; run the stage audit")
    return Mismatches(counts, len(products), ordered, tuple(pictured), faults)


def describe_evidence(row: dict[str, Any]) -> str:
    """Return one or two sentences on a row of mismatches.parquet."""
    support = _percent(row["neighbour_support"])
    if row["text_word"] is None:
        return (
            f"From the photo alone, “{row['predicted_word']}” has a probability of {_percent(row['probability'])}. "
            f"Of the most similar photos of other products, {support} belong to products with this word."
        )
    return (
        f"{_percent(1 - row['text_word_percentile'], 1)} of the products with the word “{row['text_word']}” match it "
        f"better. Of the most similar photos of other products, {support} belong to products with the word "
        f"“{row['predicted_word']}” and {_percent(row['neighbour_text_support'])} to products with the word "
        f"“{row['text_word']}”."
    )


def _percent(share: float, decimals: int = 0) -> str:
    """Format a share with its sign, which does not go to the next line alone."""
    return f"{100 * share:.{decimals}f}\u00a0%"
