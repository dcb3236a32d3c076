import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.photos.clusters import ACROSS, MOST_SHARING_PRODUCTS, SHARED, WITHIN, LeftOut, leaks, leave_out

TRAIN, VAL, TEST = 0, 1, 2


def whole(values: list[int]) -> np.ndarray:
    return np.array(values, np.int64)


def test_test_wins_over_val_and_val_over_train() -> None:
    # Products 0, 1, 2 of train, val and test each show the picture 0; product 3 of train shows another one.
    decision = leave_out(whole([0, 1, 2, 3]), whole([TRAIN, VAL, TEST, TRAIN]), whole([0, 0, 0, 3]))
    assert decision.left_out == {0: LeftOut(ACROSS, 2), 1: LeftOut(ACROSS, 2)}
    assert decision.clusters == [[0, 1, 2]]


def test_all_photos_of_the_losing_product_go() -> None:
    decision = leave_out(whole([0, 0, 1]), whole([TRAIN, VAL]), whole([0, 1, 0]))
    assert decision.left_out == {0: LeftOut(ACROSS, 1), 1: LeftOut(ACROSS, 1)}


def test_a_repeat_within_a_product_goes_and_the_first_view_stays() -> None:
    decision = leave_out(whole([0, 0, 0]), whole([TRAIN]), whole([0, 1, 0]))
    assert decision.left_out == {2: LeftOut(WITHIN, 0)}
    assert decision.clusters == []


def test_a_cluster_within_one_split_keeps_everything() -> None:
    decision = leave_out(whole([0, 1]), whole([TRAIN, TRAIN]), whole([0, 0]))
    assert decision.left_out == {}
    assert decision.clusters == [[0, 1]]


def test_a_placeholder_goes_and_joins_no_products() -> None:
    many = MOST_SHARING_PRODUCTS + 1
    product = whole([p for p in range(many) for _ in range(2)])
    group = whole([0 if n % 2 == 0 else n for n in range(2 * many)])
    decision = leave_out(product, whole([n % 3 for n in range(many)]), group)
    assert decision.left_out == {photo: LeftOut(SHARED, many) for photo in range(0, 2 * many, 2)}
    assert decision.clusters == []


photos = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 15)), max_size=40).map(sorted)


def as_groups(pictures: list[int]) -> np.ndarray:
    return whole([pictures.index(picture) for picture in pictures])


@settings(max_examples=150, deadline=None)
@given(photos, st.lists(st.sampled_from([TRAIN, VAL, TEST]), min_size=12, max_size=12))
def test_products_and_pictures_never_cross_splits(shown: list[tuple[int, int]], splits: list[int]) -> None:
    product, group = whole([p for p, _ in shown]), as_groups([picture for _, picture in shown])
    decision = leave_out(product, whole(splits), group)
    assert leaks(product, whole(splits), group, decision.left_out) == 0
    across = {int(product[n]) for n, why in decision.left_out.items() if why.reason == ACROSS}
    assert all(n in decision.left_out for n, p in enumerate(product) if p in across)
    for n, why in decision.left_out.items():
        if why.reason == ACROSS:
            assert splits[why.other] > splits[product[n]]


def test_a_leak_is_counted() -> None:
    assert leaks(whole([0, 1]), whole([TRAIN, TEST]), whole([0, 0]), {}) == 1
