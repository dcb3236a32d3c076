"""Benchmarks: readers of the data sets a model is scored on, the own catalogue among them; one reader per file."""

from weft.datasets.base import EvalDataset, PhotoRecord
from weft.datasets.registry import open_dataset

__all__ = ["EvalDataset", "PhotoRecord", "open_dataset"]
