from dataclasses import replace

import numpy as np
import pytest
from aligned_photos import make_eval_photos, make_record

from weft.evaluation.benchmark_results import BenchmarkResults, compute_table_with_ci
from weft.evaluation.per_query_scores import PerQueryScores
from weft.evaluation.retrieval_metrics import rank_gallery, recall_at_k
from weft.evaluation.retrieval_task import (
    score_catalogue_retrieval,
    score_cross_colour_retrieval,
    score_inshop_retrieval,
)
from weft.whitening import Whitening

COLOUR = {"colour": "colour"}


def run_task(score, photos, search, top_k=(1, 2)):
    results = BenchmarkResults()
    score(photos, COLOUR, top_k, search, results)
    return results


def unit_vectors(*degrees):
    return np.stack([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], axis=1)


def test_across_colours_photos_of_the_colour_of_the_query_are_excluded(search):
    # Product a has two red views, nearest to each other, and a blue one behind a photo of product b.
    records = [
        make_record("a", colour="red", view=0),
        make_record("a", colour="red", view=1),
        make_record("a", colour="blue", view=2),
        make_record("b", "train", colour="red", view=0),
        make_record("c", colour="red", view=0),
        make_record("a", view=9),
    ]
    photos = make_eval_photos(records, unit_vectors(0, 1, 20, 10, 80, 2))
    within_product = (
        run_task(score_catalogue_retrieval, photos, search).tables["retrieval"].compute_table()["finetuned"]
    )
    # All photos of a but the blue one have a red one nearest.
    assert within_product["recall_at_1"] == 0.75
    results = run_task(score_cross_colour_retrieval, photos, search)
    across = results.tables["retrieval_across_colours"]
    assert across.query_indices.tolist() == [0, 1, 2]
    # From red, b stands before blue; from blue, b stands before both reds.
    row = across.compute_table()["finetuned"]
    assert (row["recall_at_1"], row["recall_at_2"]) == (0.0, 1.0)
    # The photo of a without a colour is in nobody's gallery; c has no other colour to find.
    assert results.counts["across_colours_gallery_photos"] == 5
    assert results.counts["across_colours_queries_without_a_positive"] == 1


def test_without_colours_the_table_is_left_out_with_a_note(search):
    photos = make_eval_photos([make_record("a", view=0), make_record("a", view=1)], unit_vectors(0, 1))
    results = run_task(score_cross_colour_retrieval, photos, search)
    assert results.tables == {}
    assert results.notes == ["retrieval_across_colours is left out: no photo has a known colour"]


def test_inshop_searches_the_whole_gallery_and_reports_the_upper_bound_of_recall_all(search):
    records = [
        make_record("a", "query"),
        *(make_record("a", "gallery", view=n) for n in range(3)),
        make_record("b", "gallery"),
    ]
    results = run_task(score_inshop_retrieval, make_eval_photos(records, unit_vectors(0, 1, 2, 40, 5)), search)
    table = results.tables["retrieval"]
    row = table.compute_table()["finetuned"]
    assert [name for name in row if name.startswith("recall_at")] == [
        f"recall_at_{k}" for k in (1, 2, 10, 20, 30, 40, 50)
    ]
    # Three positives: one place finds a third of them at most, two places two thirds.
    assert table.upper_bounds["recall_all_at_1"] == pytest.approx(1 / 3)
    assert (row["recall_all_at_1"], row["recall_all_at_10"]) == pytest.approx((1 / 3, 1))
    assert row["map_at_r"] == pytest.approx(2 / 3)
    assert results.to_metrics_json("b", "inshop", results.compute_tables(50), 50)["upper_bounds"]["retrieval"] == {
        "recall_all_at_1": 0.333333,
        "recall_all_at_2": 0.666667,
    }


def test_equal_embeddings_are_ranked_by_gallery_order(search):
    records = [
        make_record("b", "query"),
        make_record("a", "gallery"),
        make_record("b", "gallery"),
        make_record("c", "gallery"),
    ]
    results = run_task(score_inshop_retrieval, make_eval_photos(records, np.ones((4, 2))), search)
    row = results.tables["retrieval"].compute_table()["finetuned"]
    assert (row["recall_at_1"], row["recall_at_2"]) == (0, 1)
    assert results.tables["retrieval"].first_hit_ranks["finetuned"].tolist() == [2]


def test_a_perfect_model_scores_one_and_the_interval_of_its_gain_excludes_zero(rng, search):
    products = np.arange(80) % 20
    records = [make_record(f"p{product:02}", view=n) for n, product in enumerate(products)]
    perfect = np.eye(20)[products] + 0.01 * rng.normal(size=(80, 20))
    results = run_task(
        score_catalogue_retrieval, make_eval_photos(records, rng.normal(size=(80, 20)), perfect), search, (1, 10)
    )
    found = compute_table_with_ci(results.tables["retrieval"], 1_000)
    assert set(found.table["finetuned"].values()) == {1.0}
    assert found.intervals["finetuned"]["recall_at_1"] == [1.0, 1.0]
    difference, low, _ = found.differences["finetuned"]["frozen backbone"]["recall_at_10"]
    assert 0 < low < difference


def test_the_interval_of_random_labels_contains_the_chance_level(rng, search):
    z, everything = rng.normal(size=(160, 32)), np.arange(160)
    found = rank_gallery(z, everything, everything, everything, everything, 159, search).retrieved
    # Three positives among 159 photos: the chance that all of them lie beyond the first k.
    chances = {k: 1 - np.prod([(156 - n) / (159 - n) for n in range(k)]) for k in (10, 30)}
    within = []
    for _ in range(50):
        labels = rng.permutation(everything % 40)
        hits = labels[found] == labels[:, None]
        gained = {"m": {str(k): recall_at_k(hits, k) for k in chances}}
        intervals = compute_table_with_ci(PerQueryScores(everything, labels, gained), 200).intervals["m"]
        within += [intervals[str(k)][0] <= chance <= intervals[str(k)][1] for k, chance in chances.items()]
    assert np.mean(within) >= 0.88


def test_a_metric_that_is_undefined_is_null_in_metrics_json():
    numerators = {
        name: {"recall_at_1": np.ones(3), "map_at_r": np.zeros(3)} for name in ("frozen backbone", "finetuned")
    }
    scores = PerQueryScores(np.arange(3), np.arange(3), numerators, {"map_at_r": np.zeros(3)})
    results = BenchmarkResults(tables={"retrieval": scores})
    written = results.to_metrics_json("b", "inshop", results.compute_tables(50), 50)
    row = {"recall_at_1": 1.0, "map_at_r": None}
    assert written["tables"] == {"retrieval": {"frozen backbone": row, "finetuned": row}}


def test_a_whitening_adds_a_row_after_the_others_and_changes_none_of_them(search):
    records = [make_record(product, view=view) for product in "ab" for view in range(2)]
    # The first coordinate differs between the views, the second one between the products.
    z = np.array([[5, 1], [-5, 1], [5, -1], [-5, -1]], np.float32)
    photos = make_eval_photos(records, z)
    whitening = Whitening(np.zeros(2, np.float32), np.diag([0.01, 1]).astype(np.float32))
    plain = run_task(score_catalogue_retrieval, photos, search).tables["retrieval"].compute_table()
    table = run_task(score_catalogue_retrieval, replace(photos, whitening=whitening), search).tables["retrieval"]
    assert list(table.compute_table()) == [*plain, "finetuned (whitened)"]
    assert {row: table.compute_table()[row] for row in plain} == plain
    assert plain["finetuned"]["recall_at_1"] == 0
    assert table.compute_table()["finetuned (whitened)"]["recall_at_1"] == 1
