"""Where the report finds what other stages wrote."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Sources:
    """The outs of the stages before, a folder each."""

    benchmarks: Path
    """A folder per benchmark, by evaluate."""
    crawl: Path
    clean: Path
    vocabulary: Path
    prepared: Path
    words: Path
    """By fit_words."""
    model: Path
    """By finetune."""
    calibration: Path
    audit: Path
