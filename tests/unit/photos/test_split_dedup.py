import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.photos import split_dedup
from weft.photos.split_dedup import (
    DUPLICATE_ACROSS_SPLITS,
    DUPLICATE_IN_PRODUCT,
    MAX_PRODUCTS_PER_PICTURE,
    SHARED_BY_MANY_PRODUCTS,
    Exclusion,
    count_leaks,
    exclude_duplicates,
)

TRAIN, VAL, TEST = 0, 1, 2


def as_int64(values: list[int]) -> np.ndarray:
    return np.array(values, np.int64)


def test_test_has_precedence_over_val_and_val_over_train() -> None:
    # Products 0, 1, 2 of train, val and test each show the picture 0; product 3 of train shows another one.
    result = exclude_duplicates(as_int64([0, 1, 2, 3]), as_int64([TRAIN, VAL, TEST, TRAIN]), as_int64([0, 0, 0, 3]))
    assert dict(result.iter_excluded()) == {
        0: Exclusion(DUPLICATE_ACROSS_SPLITS, 2),
        1: Exclusion(DUPLICATE_ACROSS_SPLITS, 2),
    }
    assert result.clusters == [[0, 1, 2]]


def test_all_photos_of_the_excluded_product_are_left_out() -> None:
    result = exclude_duplicates(as_int64([0, 0, 1]), as_int64([TRAIN, VAL]), as_int64([0, 1, 0]))
    assert dict(result.iter_excluded()) == {
        0: Exclusion(DUPLICATE_ACROSS_SPLITS, 1),
        1: Exclusion(DUPLICATE_ACROSS_SPLITS, 1),
    }


def test_a_repeat_within_a_product_is_left_out_and_the_first_photo_stays() -> None:
    result = exclude_duplicates(as_int64([0, 0, 0]), as_int64([TRAIN]), as_int64([0, 1, 0]))
    assert dict(result.iter_excluded()) == {2: Exclusion(DUPLICATE_IN_PRODUCT, 0)}
    assert result.clusters == []


def test_a_cluster_within_one_split_keeps_everything() -> None:
    result = exclude_duplicates(as_int64([0, 1]), as_int64([TRAIN, TRAIN]), as_int64([0, 0]))
    assert dict(result.iter_excluded()) == {}
    assert result.clusters == [[0, 1]]


def test_a_placeholder_is_left_out_and_connects_no_products() -> None:
    many = MAX_PRODUCTS_PER_PICTURE + 1
    product = as_int64([p for p in range(many) for _ in range(2)])
    group = as_int64([0 if n % 2 == 0 else n for n in range(2 * many)])
    result = exclude_duplicates(product, as_int64([n % 3 for n in range(many)]), group)
    assert dict(result.iter_excluded()) == {
        photo: Exclusion(SHARED_BY_MANY_PRODUCTS, many) for photo in range(0, 2 * many, 2)
    }
    assert result.clusters == []


photos = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 15)), max_size=40).map(sorted)


def make_group_ids(pictures: list[int]) -> np.ndarray:
    return as_int64([pictures.index(picture) for picture in pictures])


@settings(max_examples=150, deadline=None)
@given(photos, st.lists(st.sampled_from([TRAIN, VAL, TEST]), min_size=12, max_size=12))
def test_products_and_pictures_never_cross_splits(shown: list[tuple[int, int]], splits: list[int]) -> None:
    product, group = as_int64([p for p, _ in shown]), make_group_ids([picture for _, picture in shown])
    result = exclude_duplicates(product, as_int64(splits), group)
    excluded = dict(result.iter_excluded())
    assert count_leaks(product, as_int64(splits), group, result.kept) == 0
    across = {int(product[n]) for n, why in excluded.items() if why.reason == DUPLICATE_ACROSS_SPLITS}
    assert all(n in excluded for n, p in enumerate(product) if p in across)
    for n, why in excluded.items():
        if why.reason == DUPLICATE_ACROSS_SPLITS:
            assert splits[why.other] > splits[product[n]]


def exclude_one_by_one(
    product: np.ndarray, splits: list[int], group: np.ndarray
) -> tuple[dict[int, Exclusion], list[list[int]]]:
    """The naive twin: photo by photo, with the clusters found by following links until nothing changes."""
    shown_by = {picture: {int(p) for p, g in zip(product, group, strict=True) if g == picture} for picture in group}
    widely = {n for n, g in enumerate(group) if len(shown_by[g]) > MAX_PRODUCTS_PER_PICTURE}
    cluster = list(range(len(splits)))
    for _ in splits:
        for n, g in enumerate(group):
            for other in shown_by[g] if n not in widely else ():
                cluster[other] = cluster[product[n]] = min(cluster[other], cluster[product[n]])
    excluded: dict[int, Exclusion] = {}
    for n, (p, g) in enumerate(zip(product, group, strict=True)):
        members = [other for other in range(len(splits)) if cluster[other] == cluster[p]]
        best = min(members, key=lambda other: (-splits[other], other))
        first = next(m for m, (q, h) in enumerate(zip(product, group, strict=True)) if (q, h) == (p, g))
        if n in widely:
            excluded[n] = Exclusion(SHARED_BY_MANY_PRODUCTS, len(shown_by[g]))
        elif splits[p] < splits[best]:
            excluded[n] = Exclusion(DUPLICATE_ACROSS_SPLITS, best)
        elif first != n:
            excluded[n] = Exclusion(DUPLICATE_IN_PRODUCT, first)
    clusters = [[p for p, other in enumerate(cluster) if other == number] for number in sorted(set(cluster))]
    return excluded, [members for members in clusters if len(members) > 1]


@settings(max_examples=150, deadline=None)
@given(photos, st.lists(st.sampled_from([TRAIN, VAL, TEST]), min_size=12, max_size=12))
def test_arrays_give_what_photo_by_photo_gives(shown: list[tuple[int, int]], splits: list[int]) -> None:
    product, group = as_int64([p for p, _ in shown]), make_group_ids([picture for _, picture in shown])
    with pytest.MonkeyPatch.context() as patch:
        # Twelve products reach a lower limit too.
        patch.setattr(split_dedup, "MAX_PRODUCTS_PER_PICTURE", 5)
        patch.setitem(globals(), "MAX_PRODUCTS_PER_PICTURE", 5)
        result = exclude_duplicates(product, as_int64(splits), group)
        assert (dict(result.iter_excluded()), result.clusters) == exclude_one_by_one(product, splits, group)


def test_a_leak_is_counted() -> None:
    assert count_leaks(as_int64([0, 1]), as_int64([TRAIN, TEST]), as_int64([0, 0]), np.array([True, True])) == 1
