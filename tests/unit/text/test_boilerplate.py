"""Which words tell of the shop: three shops, counted by hand."""

import pytest

from weft import params
from weft.text.boilerplate import DocumentFrequencies, find_drop_reason, find_shop_names

SETTINGS = params.Vocabulary(
    max_words=100, min_documents=1, boilerplate_share=0.5, boilerplate_ratio=10.0, brand_share=0.5
)


def _count_words(shops: dict[str, list[str]], brand: dict[str, list[str]] | None = None) -> DocumentFrequencies:
    """Each shop's products, one string of words each; `brand` names the brand of each product of a shop."""
    counts = DocumentFrequencies()
    for shop, texts in shops.items():
        for number, text in enumerate(texts):
            name = brand[shop][number] if brand else ""
            counts.add(shop, name.split(), text.split())
    return counts


def _get_drop_reason(word: str, counts: DocumentFrequencies) -> str | None:
    verdict = find_drop_reason(word, counts, find_shop_names(counts), SETTINGS)
    return verdict.reason if verdict else None


def test_a_word_of_most_products_of_one_shop_and_rare_in_the_others_is_dropped() -> None:
    counts = _count_words({"alder": ["returns"] * 12 + ["red"] * 8, "brunel": ["red"] * 20, "corso": ["blue"] * 20})
    verdict = find_drop_reason("returns", counts, find_shop_names(counts), SETTINGS)
    assert verdict == ("shop boilerplate", "in 60.0 % of alder, 0.0 % of others")


def test_a_word_that_other_shops_use_too_stays() -> None:
    counts = _count_words({"alder": ["red"] * 20, "brunel": ["red"] * 4 + ["blue"] * 16, "corso": ["blue"] * 20})
    assert _get_drop_reason("red", counts) is None


def test_a_word_of_half_a_shop_stays() -> None:
    counts = _count_words({"alder": ["dress"] * 10 + ["red"] * 10, "brunel": ["red"] * 20, "corso": ["blue"] * 20})
    assert _get_drop_reason("dress", counts) is None


def test_a_small_shop_cannot_take_a_word_from_a_large_one() -> None:
    counts = _count_words({"alder": ["solid"] * 20, "brunel": ["solid"] * 40 + ["red"] * 960})
    assert _get_drop_reason("solid", counts) is None


def test_a_handful_of_products_is_no_ground() -> None:
    counts = _count_words({"alder": ["returns"] * 9, "brunel": ["red"] * 20})
    assert _get_drop_reason("returns", counts) is None


def test_with_one_shop_only_words_of_nearly_all_products_are_dropped() -> None:
    counts = _count_words({"alder": ["returns red"] * 19 + ["returns"] + ["returns dress"] * 12})
    assert _get_drop_reason("returns", counts) == "in nearly all products"
    assert _get_drop_reason("red", counts) is None


def test_shop_names_are_dropped_everywhere() -> None:
    counts = _count_words({"alder": ["red"] * 20, "brunel": ["alder"] * 2 + ["red"] * 18})
    assert _get_drop_reason("alder", counts) == "shop name"


def test_a_shop_named_as_a_word_that_describes_its_products_does_not_take_it() -> None:
    counts = _count_words({"orange": ["orange"] * 5 + ["red"] * 15, "brunel": ["orange"] * 3 + ["red"] * 17})
    assert _get_drop_reason("orange", counts) is None


@pytest.mark.parametrize(("elsewhere", "reason"), [(5, "brand name"), (6, None)])
def test_a_word_mostly_of_one_brand_is_its_name(elsewhere: int, reason: str | None) -> None:
    texts = ["shoes"] * 5 + ["nike shoes"] * elsewhere + ["red"] * 20
    brands = ["nike"] * 5 + [""] * (elsewhere + 20)
    assert _get_drop_reason("nike", _count_words({"alder": texts}, {"alder": brands})) == reason


def test_a_name_that_many_products_of_other_brands_use_is_a_word() -> None:
    texts = ["shoes"] * 30 + ["rose"] * 10 + ["blue"] * 20
    brands = ["red rose"] * 30 + [""] * 30
    counts = _count_words({"alder": texts}, {"alder": brands})
    assert counts.compute_brand_share("rose") == 0.75
    assert _get_drop_reason("rose", counts) is None


def test_a_rare_word_says_how_rare() -> None:
    counts = _count_words({"alder": ["red"] * 20 + ["tulle"]})
    settings = params.Vocabulary(
        max_words=100, min_documents=2, boilerplate_share=0.5, boilerplate_ratio=10.0, brand_share=0.5
    )
    assert find_drop_reason("tulle", counts, {}, settings) == ("too few products", "in 1, wanted 2")
