import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.splits import assign_split


def test_many_products_are_split_by_the_shares() -> None:
    splits = [assign_split(f"alder/{n}", 0.1, 0.2) for n in range(20_000)]
    assert splits.count("val") / 20_000 == pytest.approx(0.1, abs=0.01)
    assert splits.count("test") / 20_000 == pytest.approx(0.2, abs=0.01)


def test_known_products_keep_their_split() -> None:
    # A changed rule would mix what a published model was trained on with what it is tested on.
    assert [assign_split(f"alder/{n}", 0.1, 0.2) for n in range(8)] == [
        "train",
        "train",
        "train",
        "train",
        "test",
        "train",
        "train",
        "train",
    ]


@given(st.text(min_size=1), st.floats(0, 0.4), st.floats(0, 0.5), st.floats(0, 0.1))
def test_a_larger_test_share_keeps_all_products_of_test(
    product_id: str, val_share: float, test_share: float, increase: float
) -> None:
    if assign_split(product_id, val_share, test_share) == "test":
        assert assign_split(product_id, val_share, test_share + increase) == "test"


@pytest.mark.parametrize(
    ("val_share", "test_share", "only"), [(0.0, 0.0, "train"), (1.0, 0.0, "val"), (0.0, 1.0, "test")]
)
def test_extreme_shares_leave_one_split(val_share: float, test_share: float, only: str) -> None:
    assert {assign_split(f"alder/{n}", val_share, test_share) for n in range(50)} == {only}
