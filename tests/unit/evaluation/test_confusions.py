from types import SimpleNamespace

import numpy as np

from weft import tables
from weft.contracts.tables import CONFUSIONS
from weft.datasets.base import PhotoRecord
from weft.evaluation.outcome import Outcome
from weft.evaluation.results import FINETUNE
from weft.evaluation.slices import write_confusions


class FakePhotos:
    """Five photos, of the last no category is known."""

    def __init__(self):
        names = ["shoes", "shoes", "bags", "bags", None]
        self.all = [
            PhotoRecord(f"p{n}", f"p{n}", "test", {"category": name} if name else {}, None)
            for n, name in enumerate(names)
        ]

    def records(self, rows):
        return (self.all[int(row)] for row in rows)


def read_confusion_rows(tmp_path, outcome):
    write_confusions(tmp_path / "c.parquet", outcome, FakePhotos(), {"category": "category"})
    return tables.read_table(tmp_path / "c.parquet", CONFUSIONS).to_pylist()


def test_the_nearest_photo_of_every_query_is_counted_where_both_are_known(tmp_path):
    found = np.array([[1, 2], [2, 0], [3, 0], [0, 1], [-1, -1]])
    ranked = SimpleNamespace(queries=np.arange(5), found=found)
    counts = {
        (row["shown"], row["found"]): row["queries"]
        for row in read_confusion_rows(tmp_path, Outcome(strips={FINETUNE: ranked}))
    }
    assert counts == {("shoes", "shoes"): 1, ("shoes", "bags"): 1, ("bags", "bags"): 1, ("bags", "shoes"): 1}


def test_where_nothing_was_searched_for_there_are_none(tmp_path):
    assert read_confusion_rows(tmp_path, Outcome()) == []
    none = SimpleNamespace(queries=np.arange(2), found=np.empty((2, 0), np.int64))
    assert read_confusion_rows(tmp_path, Outcome(strips={FINETUNE: none})) == []
