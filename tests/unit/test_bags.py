from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored_documents import write_documents

from weft import tables
from weft.bags import WordBags, build_word_bags, read_documents
from weft.errors import ContractError

BAGS = [[3, 3, 5], [3, 5, 5], [], [], [5], [5, 5], [0, 5], []]
"""Bags that end or begin like the one before, with empty ones between."""


def as_lists(bags: WordBags) -> list[list[int]]:
    return [bags[n].tolist() for n in range(len(bags))]


def test_bags_give_back_what_they_hold():
    bags = build_word_bags(BAGS)
    assert as_lists(bags) == BAGS
    assert bags.sizes.tolist() == [len(bag) for bag in BAGS]
    assert bags.owners().tolist() == [n for n, bag in enumerate(BAGS) for _ in bag]
    assert bags.entry_weights.tolist() == [1.0] * len(bags.words)


def test_words_are_sorted_in_each_bag():
    assert as_lists(build_word_bags([[3, 1, 3], [], [2]])) == [[1, 3, 3], [], [2]]


def test_no_bags_are_no_words():
    bags = build_word_bags([])
    assert len(bags) == 0
    assert bags.count_words(3).tolist() == [0, 0, 0]
    assert as_lists(bags.take(np.zeros(0, np.int64))) == []


def test_counts_of_words_count_entries():
    counts = Counter(word for bag in BAGS for word in bag)
    assert build_word_bags(BAGS).count_words(8).tolist() == [counts[word] for word in range(8)]


def test_indices_are_padded_to_the_largest_requested_bag():
    bags = build_word_bags(BAGS)
    indices, is_word = bags.padded_indices(np.array([6, 2, 1, 6]))
    assert is_word.tolist() == [[True, True, False], [False] * 3, [True] * 3, [True, True, False]]
    assert [bags.words[row[mask]].tolist() for row, mask in zip(indices, is_word, strict=True)] == [
        [0, 5], [], [3, 5, 5], [0, 5],
    ]  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(0, 4), max_size=5).map(sorted), min_size=1, max_size=8), st.data())
def test_taken_bags_keep_their_words_and_weights_in_the_given_order(bags, data):
    chosen = data.draw(st.lists(st.integers(0, len(bags) - 1), max_size=12))
    built = build_word_bags(bags)
    weighted = replace(built, weights=np.arange(1.0, len(built.words) + 1))
    taken = weighted.take(np.array(chosen, np.int64))
    assert as_lists(taken) == [bags[n] for n in chosen]
    expected = [weight for n in chosen for weight in weighted.weights[built.offsets[n] : built.offsets[n + 1]]]
    assert taken.entry_weights.tolist() == expected


def test_sum_repeats_sums_the_weights_of_repeats():
    once = build_word_bags(BAGS).sum_repeats()
    assert as_lists(once) == [sorted(set(bag)) for bag in BAGS]
    assert once.entry_weights.tolist() == [2, 1, 1, 2, 1, 2, 1, 1]


def test_unique_keeps_the_largest_weight_of_repeats():
    bags = build_word_bags([[1, 1, 2], [1]])
    assert bags.unique().weights is None
    once = replace(bags, weights=np.array([0.5, 1.0, 0.5, 0.25])).unique()
    assert as_lists(once) == as_lists(bags.unique()) == [[1, 2], [1]]
    assert once.entry_weights.tolist() == [1.0, 0.5, 0.25]


def test_bags_without_words_stay_empty_when_repeats_are_merged():
    empty = build_word_bags([[], []])
    for once in (empty.unique(), empty.sum_repeats()):
        assert (once.offsets.tolist(), once.words.tolist(), once.entry_weights.tolist()) == ([0, 0, 0], [], [])


def test_filter_words_removes_words_from_their_bags():
    bags = build_word_bags(BAGS)
    kept = replace(bags, weights=bags.words / 5).filter_words(np.array([True, True, True, False, True, True]))
    assert kept.entry_weights.tolist() == (kept.words / 5).tolist()
    assert as_lists(kept) == [[word for word in bag if word != 3] for bag in BAGS]


def test_different_bags_have_different_digests():
    assert build_word_bags([[1], [2]]).digest() == build_word_bags([[1], [2]]).digest()
    others = [build_word_bags(bags).digest() for bags in ([[1], [2]], [[1, 2], []], [[], [1, 2]], [[1], [3]])]
    others.append(replace(build_word_bags([[1], [2]]), weights=np.array([1.0, 0.5])).digest())
    assert len(set(others)) == 5


def test_a_dense_matrix_shows_the_words_of_a_range_of_bags():
    table = build_word_bags([[1], [], [0, 2]]).to_dense(range(1, 3), 3)
    assert table.tolist() == [[False] * 3, [True, False, True]]


def test_a_sparse_matrix_holds_a_one_for_each_word_of_a_bag():
    assert build_word_bags([[3, 1], []]).to_csr(5).toarray().tolist() == [[0, 1, 0, 1, 0], [0] * 5]


@pytest.fixture
def documents_file(tmp_path):
    flags = {"a/1": [True, False, False], "a/2": [], "b/1": [False]}
    return write_documents(tmp_path / "documents.parquet", {"a/1": [1, 1, 4], "a/2": [], "b/1": [2]}, flags)


def test_documents_are_read_with_the_words_of_short_fields(documents_file):
    documents = read_documents(documents_file, vocabulary_size=5)
    assert documents.index_by_id == {"a/1": 0, "a/2": 1, "b/1": 2}
    assert as_lists(documents.bags) == [[1, 1, 4], [], [2]]
    assert as_lists(documents.short_field_bags()) == [[1], [], []]


def test_a_product_without_a_document_is_an_error(documents_file):
    documents = read_documents(documents_file, vocabulary_size=5)
    assert documents.find(["b/1", "a/1", "b/1"]).tolist() == [2, 0, 2]
    with pytest.raises(ContractError, match=r"^documents: expected one for every product .* got none for 'c/9'; run"):
        documents.find(["a/1", "c/9"])


def test_word_ids_of_another_vocabulary_are_an_error(documents_file):
    with pytest.raises(ContractError, match=r"documents\.parquet: expected word ids below 4, .* got 4; they come from"):
        read_documents(documents_file, vocabulary_size=4)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ContractError, match=r"nowhere\.parquet: no such file or folder, expected documents"):
        read_documents(tmp_path / "nowhere.parquet", vocabulary_size=4)


@pytest.mark.parametrize("repeats", [True, False])
@settings(max_examples=15, deadline=None)
@given(
    # A word, and whether it stands in a short field.
    bags=st.lists(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=5).map(sorted), max_size=12),
    rows_per_table=st.integers(1, 5),
)
def test_training_bags_equal_a_naive_implementation(tmp_path_factory, repeats, bags, rows_per_table):
    names = [f"a/{n:02}" for n in range(len(bags))]
    words, flags = ({name: [entry[part] for entry in bag] for name, bag in zip(names, bags, strict=True)}
                    for part in (0, 1))  # fmt: skip
    path = write_documents(tmp_path_factory.mktemp("d") / "documents.parquet", words, flags)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "ROWS_PER_GROUP", rows_per_table)
        documents = read_documents(path, vocabulary_size=5)
    photos = [name for name in names for _ in range(2)]
    read = documents.training_bags(documents.find(photos), repeats, description_weight=0.25)
    assert as_lists(read) == [words[name] if repeats else sorted(set(words[name])) for name in photos]
    expected = []
    for name in photos:
        entries = list(zip(words[name], (1.0 if flag else 0.25 for flag in flags[name]), strict=True))
        for word in sorted(set(words[name])):
            weights = [weight for other, weight in entries if other == word]
            expected.append(sum(weights) if repeats else max(weights))
    assert read.sum_repeats().entry_weights.tolist() == expected
