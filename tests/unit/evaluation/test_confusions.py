from types import SimpleNamespace

import numpy as np

from weft import tables
from weft.contracts.tables import CONFUSIONS, FINETUNED
from weft.datasets.base import PhotoRecord
from weft.evaluation.benchmark_results import BenchmarkResults
from weft.evaluation.slices import write_confusions


class FakePhotos:
    """Five photos; the category of the last is unknown."""

    def __init__(self):
        names = ["shoes", "shoes", "bags", "bags", None]
        self.all = [
            PhotoRecord(f"p{n}", f"p{n}", "test", {"category": name} if name else {}, None)
            for n, name in enumerate(names)
        ]

    def iter_records(self, rows):
        return (self.all[int(row)] for row in rows)


def read_confusion_rows(tmp_path, results):
    write_confusions(tmp_path / "c.parquet", results, FakePhotos(), {"category": "category"})
    return tables.read_table(tmp_path / "c.parquet", CONFUSIONS).to_pylist()


def test_each_query_counts_once_with_its_nearest_photo_where_both_labels_are_known(tmp_path):
    retrieved = np.array([[1, 2], [2, 0], [3, 0], [0, 1], [-1, -1]])
    ranked = SimpleNamespace(queries=np.arange(5), retrieved=retrieved)
    counts = {
        (row["true_label"], row["predicted_label"]): row["count"]
        for row in read_confusion_rows(tmp_path, BenchmarkResults(ranked_examples={FINETUNED: ranked}))
    }
    assert counts == {("shoes", "shoes"): 1, ("shoes", "bags"): 1, ("bags", "bags"): 1, ("bags", "shoes"): 1}


def test_without_ranked_lists_there_are_no_confusions(tmp_path):
    assert read_confusion_rows(tmp_path, BenchmarkResults()) == []
    none = SimpleNamespace(queries=np.arange(2), retrieved=np.empty((2, 0), np.int64))
    assert read_confusion_rows(tmp_path, BenchmarkResults(ranked_examples={FINETUNED: none})) == []
