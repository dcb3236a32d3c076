import numpy as np
import pytest
from aligned_photos import make_eval_photos, make_record

from weft import tables
from weft.contracts.tables import PER_QUERY, SLICES
from weft.evaluation.benchmark_results import BenchmarkResults
from weft.evaluation.per_query_scores import (
    FREQUENCY_BAND_NAMES,
    PerQueryScores,
    SliceColumn,
    assign_frequency_bands,
    encode_slice_column,
)
from weft.evaluation.slices import write_per_query, write_slices


def make_results(count=24):
    """Photos of one product each: blue ones succeed, and every fourth has a denominator of 0."""
    blue = np.arange(count) % 2 == 0
    denominator = (np.arange(count) % 4 != 3).astype(float)
    scored = PerQueryScores(
        query_indices=np.arange(count),
        cluster_ids=np.arange(count),
        numerators={"base": {"m": 0.5 * denominator}, "better": {"m": blue * denominator}},
        denominators={"m": denominator},
        first_hit_ranks={"better": np.where(blue, 1, 0)},
        slices={"colour": encode_slice_column([("blue", "red")[number % 2] for number in range(count)])},
    )
    return BenchmarkResults(tables={"t": scored}), make_eval_photos(
        [make_record(f"p{n:02}") for n in range(count)], np.ones((count, 2))
    )


def test_each_slice_has_its_metrics_and_paired_differences(tmp_path):
    write_slices(tmp_path / "b.parquet", make_results()[0], 200)
    rows = {(r["slice_value"], r["model"]): r for r in tables.read_table(tmp_path / "b.parquet", SLICES).to_pylist()}
    assert set(rows) == {(value, model) for value in ("blue", "red") for model in ("base", "better")}
    assert (rows["blue", "better"]["value"], rows["red", "better"]["value"]) == (1, 0)
    assert (rows["blue", "better"]["delta"], rows["blue", "better"]["delta_ci_low"]) == (0.5, 0.5)
    assert rows["blue", "base"]["delta"] is None
    # Six of the twelve red photos have a denominator of 0 and do not count.
    assert (rows["red", "better"]["n"], rows["red", "better"]["n_clusters"]) == (6, 6)


def test_slice_values_with_few_clusters_have_no_row(tmp_path):
    write_slices(tmp_path / "b.parquet", make_results(count=16)[0], 20)
    values = tables.read_table(tmp_path / "b.parquet", SLICES)["slice_value"].to_pylist()
    # Eight red photos, of which four count.
    assert values == ["blue", "blue"]


def test_metrics_can_be_recomputed_from_the_per_query_scores(tmp_path):
    results, photos = make_results()
    write_per_query(tmp_path / "s.parquet", results, photos, ())
    rows = tables.read_table(tmp_path / "s.parquet", PER_QUERY).to_pylist()
    for model, metrics in results.tables["t"].compute_table().items():
        mine = [row for row in rows if row["model"] == model]
        again = sum(row["numerator"][0] for row in mine) / sum(row["denominator"][0] for row in mine)
        assert again == pytest.approx(metrics["m"])
    better = [row for row in rows if row["model"] == "better"]
    assert [row["first_hit_rank"] for row in better[:2]] == [1, None]
    assert better[0]["query_id"] == photos.get_record(0).photo_id


def test_the_query_id_of_a_word_is_the_word(tmp_path):
    scored = PerQueryScores(np.array([1, 0]), np.array([1, 0]), {"base": {"m": np.array([1.0, 0])}}, query_kind="words")
    photos = make_eval_photos([make_record("p")], np.ones((1, 2)))
    write_per_query(tmp_path / "s.parquet", BenchmarkResults(tables={"t": scored}), photos, ("red", "dress"))
    rows = tables.read_table(tmp_path / "s.parquet", PER_QUERY).to_pylist()
    assert [(row["query_id"], row["product_id"], row["numerator"]) for row in rows] == [
        ("dress", None, [1.0]),
        ("red", None, [0.0]),
    ]


def test_frequency_bands_depend_on_the_share_of_products():
    bands = assign_frequency_bands(np.array([1_000, 101, 100, 11, 10, 2, 1]), 1_000)
    assert [FREQUENCY_BAND_NAMES[band] for band in bands] == [
        *["over 10 % of products"] * 2,
        *["1 to 10 %"] * 2,
        *["0.1 to 1 %"] * 2,
        "under 0.1 %",
    ]


def test_unknown_values_are_in_no_slice():
    column = encode_slice_column(["a"] * 5 + [None] * 7 + ["b"])
    assert [(value, rows.tolist()) for value, rows in column.subsets()] == [("a", [0, 1, 2, 3, 4])]
    assert SliceColumn(np.array([-1]), ()).subsets() == []
