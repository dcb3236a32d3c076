"""The reasons to drop words, in three shops counted by hand."""

import pytest

from weft import params
from weft.text.boilerplate import DocumentFrequencies, DropRules

SETTINGS = params.Vocabulary(
    max_size=100, min_document_frequency=1, boilerplate_min_df=0.5, boilerplate_min_ratio=10.0, brand_min_share=0.5
)


def _count_words(shops: dict[str, list[str]], brand: dict[str, list[str]] | None = None) -> DocumentFrequencies:
    """Count the products of each shop, one string of words each; `brand` holds the brand of each of its products."""
    counts = DocumentFrequencies()
    for shop, texts in shops.items():
        for number, text in enumerate(texts):
            name = brand[shop][number] if brand else ""
            counts.add(shop, name.split(), text.split())
    return counts


def _get_drop_reason(word: str, counts: DocumentFrequencies) -> str | None:
    drop = DropRules(counts, SETTINGS).find_reason(word)
    return drop.reason if drop else None


def test_a_word_in_most_products_of_one_shop_and_rare_in_the_others_is_dropped() -> None:
    counts = _count_words({"alder": ["returns"] * 12 + ["red"] * 8, "brunel": ["red"] * 20, "corso": ["blue"] * 20})
    drop = DropRules(counts, SETTINGS).find_reason("returns")
    assert drop == ("shop boilerplate", "in 60.0 % of the products of alder, 0.0 % of others")


def test_a_word_that_other_shops_also_use_stays() -> None:
    counts = _count_words({"alder": ["red"] * 20, "brunel": ["red"] * 4 + ["blue"] * 16, "corso": ["blue"] * 20})
    assert _get_drop_reason("red", counts) is None


def test_a_word_in_half_the_products_of_a_shop_stays() -> None:
    counts = _count_words({"alder": ["dress"] * 10 + ["red"] * 10, "brunel": ["red"] * 20, "corso": ["blue"] * 20})
    assert _get_drop_reason("dress", counts) is None


def test_a_small_shop_cannot_remove_a_word_of_a_large_one() -> None:
    counts = _count_words({"alder": ["solid"] * 20, "brunel": ["solid"] * 40 + ["red"] * 960})
    assert _get_drop_reason("solid", counts) is None


def test_the_rules_need_ten_products_of_a_shop() -> None:
    counts = _count_words({"alder": ["returns"] * 9, "brunel": ["red"] * 20})
    assert _get_drop_reason("returns", counts) is None


def test_in_a_single_shop_only_words_in_nearly_all_products_are_dropped() -> None:
    counts = _count_words({"alder": ["returns red"] * 19 + ["returns"] + ["returns dress"] * 12})
    assert _get_drop_reason("returns", counts) == "in nearly all products"
    assert _get_drop_reason("red", counts) is None


def test_shop_names_are_dropped_everywhere() -> None:
    counts = _count_words({"alder": ["red"] * 20, "brunel": ["alder"] * 2 + ["red"] * 18})
    assert _get_drop_reason("alder", counts) == "shop name"


def test_a_shop_name_that_describes_its_products_stays() -> None:
    counts = _count_words({"orange": ["orange"] * 5 + ["red"] * 15, "brunel": ["orange"] * 3 + ["red"] * 17})
    assert _get_drop_reason("orange", counts) is None


@pytest.mark.parametrize(("elsewhere", "reason"), [(5, "brand name"), (6, None)])
def test_a_word_mostly_in_products_of_the_brand_is_a_brand_name(elsewhere: int, reason: str | None) -> None:
    texts = ["shoes"] * 5 + ["nike shoes"] * elsewhere + ["red"] * 20
    brands = ["nike"] * 5 + [""] * (elsewhere + 20)
    assert _get_drop_reason("nike", _count_words({"alder": texts}, {"alder": brands})) == reason


def test_a_brand_name_that_many_products_of_other_brands_use_stays() -> None:
    texts = ["shoes"] * 30 + ["rose"] * 10 + ["blue"] * 20
    brands = ["red rose"] * 30 + [""] * 30
    counts = _count_words({"alder": texts}, {"alder": brands})
    assert DropRules(counts, SETTINGS).compute_brand_share("rose") == 0.75
    assert _get_drop_reason("rose", counts) is None


def test_the_detail_of_a_rare_word_gives_its_frequency() -> None:
    counts = _count_words({"alder": ["red"] * 20 + ["tulle"]})
    settings = params.Vocabulary(
        max_size=100, min_document_frequency=2, boilerplate_min_df=0.5, boilerplate_min_ratio=10.0, brand_min_share=0.5
    )
    assert DropRules(counts, settings).find_reason("tulle") == (
        "too few products",
        "in 1 products, expected at least 2",
    )
