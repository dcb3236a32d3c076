"""Readers of the data sets on which models are evaluated, among them the own catalogue; one reader per file."""

from weft.datasets.base import EvalDataset, PhotoRecord
from weft.datasets.registry import open_dataset

__all__ = ["EvalDataset", "PhotoRecord", "open_dataset"]
