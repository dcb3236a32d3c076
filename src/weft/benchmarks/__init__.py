"""Benchmarks: readers of the data sets a model is scored on, the own catalogue among them; one reader per file."""

from weft.benchmarks.record import BenchmarkData, Record, open_benchmark

__all__ = ["BenchmarkData", "Record", "open_benchmark"]
