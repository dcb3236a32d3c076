"""Plurals and singulars by spelling."""

import pytest

from weft.text.inflection import iter_number_forms, singularize, strip_final_s


@pytest.mark.parametrize(
    ("word", "singular"),
    [
        *[("jeans", "jean"), ("t-shirts", "tshirt"), ("dresses", "dress"), ("watches", "watch"), ("dress", "dress")],
        *[("shoes", "shoe"), ("ties", "tie"), ("accessories", "accessory"), ("boxes", "box"), ("s", ""), ("", "")],
    ],
)
def test_singularize_removes_hyphens_and_the_ending_of_a_plural(word: str, singular: str) -> None:
    assert singularize(word) == singular


def test_a_final_s_is_removed_once_and_never_leaves_nothing() -> None:
    assert [strip_final_s(word) for word in ("levis", "dress", "s", "red")] == ["levi", "dres", "s", "red"]


@pytest.mark.parametrize(
    ("word", "forms"),
    [
        ("tunics", ["tunics", "tunic"]),
        ("dress", ["dress", "dresss", "dresses"]),
        ("ladies", ["ladies", "lady", "ladi", "ladie"]),
        ("lady", ["lady", "ladys", "ladyes", "ladies"]),
    ],
)
def test_the_word_comes_before_its_other_number(word: str, forms: list[str]) -> None:
    assert list(iter_number_forms(word)) == forms
