"""Benchmarks: readers of the data sets a model is scored on, the own catalogue among them; one reader per file."""

from weft.benchmarks.opening import open_dataset
from weft.benchmarks.record import EvalDataset, PhotoRecord

__all__ = ["EvalDataset", "PhotoRecord", "open_dataset"]
