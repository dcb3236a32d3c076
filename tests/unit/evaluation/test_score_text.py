from dataclasses import replace

import numpy as np
import pytest
from aligned_photos import make_eval_photos, make_record

from weft.bags import build_word_bags
from weft.evaluation import text_retrieval_task
from weft.evaluation.benchmark_results import BenchmarkResults
from weft.evaluation.inputs import EvalInputs, WordEmbeddings, select_tagged_photos
from weft.evaluation.tagging_task import build_word_scorers
from weft.evaluation.text_retrieval_task import (
    choose_query_words,
    rank_own_products,
    score_text_to_photo,
    score_text_to_product,
)

WORDS = ("red", "dress", "rare")


@pytest.fixture
def inputs(rng):
    """Twelve test products whose fine-tuned z are their words and whose frozen z are noise, and two training photos."""
    bags = {f"p{n:02}": bag for n, bag in enumerate([(0,), (1,), (0, 1)] * 4)} | {"t0": (0,), "t1": (1,)}
    records = [make_record(product, "train" if product.startswith("t") else "test") for product in bags]
    z = np.array([np.isin(np.arange(3), bag) for bag in bags.values()], float)
    # The norms of z differ and must not matter.
    photos = make_eval_photos(records, rng.normal(size=z.shape), z * rng.uniform(0.1, 9, (len(z), 1)))
    identity, none = np.eye(3, dtype=np.float32), np.zeros((3, 1), np.float32)
    words = WordEmbeddings(WORDS, np.array([900, 40, 2]), identity, identity, none, none, np.ones(3, np.float32))
    product_bags = build_word_bags(bags[product] for product in photos.product_ids)
    return EvalInputs(
        photos, words, *(select_tagged_photos(photos, product_bags, split) for split in ("train", "test"))
    )


def test_a_word_retrieves_the_photos_whose_text_contains_it(inputs, search, monkeypatch):
    monkeypatch.setattr(text_retrieval_task, "MIN_PHOTOS", 2)
    results = BenchmarkResults()
    scorers = build_word_scorers(inputs, inputs.test_set.rows, 1, search)
    score_text_to_photo(inputs, scorers, (1, 4), results)
    table = results.tables["text_to_photo"]
    assert (table.query_kind, table.query_indices.tolist()) == ("words", [0, 1])
    # Photos with this word only come first, then photos with both words: all are correct.
    assert table.compute_table()["finetuned"] == {"precision_at_1": 1, "precision_at_4": 1, "map_at_r": 1}
    assert table.compute_table()["head only"]["map_at_r"] < 1
    assert list(table.numerators) == ["frozen backbone (kNN tags, k=1)", "head only", "finetuned"]
    assert results.counts["query_words"] == 2


def test_the_whole_text_of_a_product_retrieves_its_photos(inputs, search):
    results = BenchmarkResults()
    score_text_to_product(inputs, {}, (4,), search, results)
    table = results.tables["text_to_product"]
    # Four products have the same text, so all of them are among the first four.
    assert table.compute_table()["finetuned"]["recall_at_4"] == 1
    assert len(table) == 12


def test_words_that_photos_do_not_show_count_less_in_the_query_of_a_text(inputs, search):
    # "dress" has an embedding that leads away from its photos, as a word has that no photo shows.
    misleading = np.array([[1, 0, 0], [-9, -9, 9], [0, 0, 1]], np.float32)
    words = replace(inputs.words, finetuned_w=misleading, query_weights=np.array([1, 0.01, 0], np.float32))
    results = BenchmarkResults()
    score_text_to_product(replace(inputs, words=words), {}, (8,), search, results)
    table = results.tables["text_to_product"]
    assert list(table.numerators) == ["head only", "finetuned", "finetuned (all words equal)"]
    by_text = {row: values["recall_at_8"].tolist() for row, values in table.numerators.items()}
    # Products p02, p05 and so on have both words; photos of "red" are the first eight.
    assert by_text["finetuned"][2::3] == [1, 1, 1, 1]
    assert by_text["finetuned (all words equal)"][2::3] == [0, 0, 0, 0]


def test_a_product_counts_once_at_its_best_photo():
    retrieved = np.array([[7, 7, 7, 4, 9], [4, 4, 9, 9, 7], [4, 4, 4, 4, 4]])
    assert rank_own_products(retrieved, np.array([9, 7, 7])).tolist() == [2, 2, 5]


def test_words_of_too_few_photos_or_of_all_photos_are_no_queries():
    bags = build_word_bags([[0, 1], [0, 1], [0, 2], [0, 2], [0, 2], *[[0, 1, 2]] * 3, *[[0]] * 4])
    assert choose_query_words(bags, 4).tolist() == [1, 2]


def test_with_many_photos_only_the_most_frequent_words_are_queries(monkeypatch):
    bags = build_word_bags([*[[0, 1]] * 6, *[[1]] * 2, *[[2]] * 5])
    monkeypatch.setattr(text_retrieval_task, "MAX_SCORES", 13)
    assert choose_query_words(bags, 3).tolist() == [1]
    monkeypatch.setattr(text_retrieval_task, "MAX_SCORES", 26)
    assert choose_query_words(bags, 3).tolist() == [0, 1]
