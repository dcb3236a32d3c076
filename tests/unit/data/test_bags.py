from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weft import tables
from weft.data.bags import build_weighted_bags, read_bags
from weft.errors import ContractError

NEIGHBOURS = [[3, 3, 5], [3, 5, 5], [], [], [5], [5, 5], [0, 5], []]
"""Bags that end or begin as the one before, with empty ones between."""


def test_bags_give_back_what_they_hold():
    bags = build_weighted_bags(NEIGHBOURS)
    assert len(bags) == len(NEIGHBOURS)
    assert [bags[n].tolist() for n in range(len(bags))] == NEIGHBOURS
    assert bags.sizes.tolist() == [len(bag) for bag in NEIGHBOURS]


def test_no_bags_are_no_words():
    bags = build_weighted_bags([])
    assert len(bags) == 0
    assert bags.count_words(3).tolist() == [0, 0, 0]


def test_photo_counts_count_entries():
    counted = Counter(word for bag in NEIGHBOURS for word in bag)
    assert build_weighted_bags(NEIGHBOURS).count_words(8).tolist() == [counted[word] for word in range(8)]


def test_indices_are_padded_to_the_largest_requested_bag():
    bags = build_weighted_bags(NEIGHBOURS)
    places, real = bags.padded_indices(np.array([6, 2, 1, 6]))
    assert real.tolist() == [[True, True, False], [False] * 3, [True] * 3, [True, True, False]]
    assert [bags.words[row[mask]].tolist() for row, mask in zip(places, real, strict=True)] == [
        [0, 5], [], [3, 5, 5], [0, 5],
    ]  # fmt: skip


def test_deduplicate_sums_the_weights_of_repeats():
    once = build_weighted_bags(NEIGHBOURS).deduplicate()
    assert [once[n].tolist() for n in range(len(once))] == [sorted(set(bag)) for bag in NEIGHBOURS]
    assert once.weights.tolist() == [2, 1, 1, 2, 1, 2, 1, 1]


def test_without_words_there_is_nothing_to_add_up():
    for add in (True, False):
        once = build_weighted_bags([[], []]).deduplicate(add)
        assert (once.offsets.tolist(), once.words.tolist(), once.weights.tolist()) == ([0, 0, 0], [], [])


def test_filter_words_removes_words_from_their_bags():
    bags = build_weighted_bags(NEIGHBOURS)
    kept = replace(bags, weights=bags.words / 5).filter_words(np.array([True, True, True, False, True, True]))
    assert kept.weights.tolist() == (kept.words / 5).tolist()
    assert [kept[n].tolist() for n in range(len(kept))] == [[w for w in bag if w != 3] for bag in NEIGHBOURS]


def test_different_bags_have_different_digests():
    assert build_weighted_bags([[1], [2]]).digest() == build_weighted_bags([[1], [2]]).digest()
    others = [build_weighted_bags(bags).digest() for bags in ([[1], [2]], [[1, 2], []], [[], [1, 2]], [[1], [3]])]
    others.append(replace(build_weighted_bags([[1], [2]]), weights=np.array([1.0, 0.5])).digest())
    assert len(set(others)) == 5


@pytest.mark.parametrize("repeats", [True, False])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    # A word, and whether it names the product or describes it.
    st.lists(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=5).map(sorted), max_size=12),
    st.integers(1, 5),
)
def test_read_bags_equals_a_naive_implementation(tmp_path_factory, write_prepared, repeats, bags, rows_per_shard):
    words, in_short_fields = ([[entry[part] for entry in bag] for bag in bags] for part in (0, 1))
    folder = write_prepared(tmp_path_factory.mktemp("p") / "train", words, rows_per_shard, in_short_fields)
    read = read_bags(folder, repeats, description_weight=0.25)
    assert [Counter(read[n].tolist()) for n in range(len(read))] == [
        Counter(bag if repeats else set(bag)) for bag in words
    ]
    worths = [
        {word: [1.0 if is_short else 0.25 for w, is_short in bag if w == word] for word, _ in bag} for bag in bags
    ]
    expected = [sum(worth) if repeats else max(worth) for bag in worths for _, worth in sorted(bag.items())]
    assert read.deduplicate().weights.tolist() == expected


@pytest.mark.parametrize("repeats", [True, False])
def test_bags_are_read_across_row_groups_and_shards(tmp_path, monkeypatch, write_prepared, repeats):
    monkeypatch.setattr(tables, "ROWS_PER_GROUP", 2)
    read = read_bags(write_prepared(tmp_path / "train", NEIGHBOURS, rows_per_shard=3), repeats)
    assert [read[n].tolist() for n in range(len(read))] == [bag if repeats else sorted(set(bag)) for bag in NEIGHBOURS]


def test_missing_shards_are_named(tmp_path):
    with pytest.raises(ContractError, match="nowhere: no such file or folder, expected prepared photos"):
        read_bags(tmp_path / "nowhere", count_repeated_words=True)
