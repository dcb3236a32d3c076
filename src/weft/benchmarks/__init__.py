"""Benchmarks: readers of the data sets a model is scored on, the own catalogue among them; one reader per file."""

from weft.benchmarks.opening import open_benchmark
from weft.benchmarks.record import BenchmarkData, Record

__all__ = ["BenchmarkData", "Record", "open_benchmark"]
