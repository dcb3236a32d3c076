"""The catalogue, its texts and its ground truth."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft import params
from weft.demo import catalogue
from weft.demo.catalogue import VIEWS, generate_product, generate_products
from weft.demo.fault_injection import FAULT_RATE, SORTS, choose_fault
from weft.demo.garment_kinds import KINDS
from weft.demo.ground_truth import iter_ground_truth, list_product_truths, write_ground_truth
from weft.demo.shops import SHOPS
from weft.demo.text_generation import (
    MAX_DESCRIPTION_WORDS,
    MIN_DESCRIPTION_WORDS,
    SYNONYM_RATE,
    WORD_NOISE_RATE,
    describe_attributes,
    generate_text,
    strip_tags,
)

MANY = 600


def test_the_same_seed_gives_the_same_catalogue() -> None:
    assert list(generate_products(3, 60)) == list(generate_products(3, 60))
    assert [generate_text(p) for p in generate_products(3, 60)] == [generate_text(p) for p in generate_products(3, 60)]


def test_another_seed_gives_another_catalogue() -> None:
    one, other = ([generate_text(p).title for p in generate_products(seed, 30)] for seed in (1, 2))
    assert one != other


@given(st.integers(0, 10**9), st.integers(0, 10**7))
def test_a_product_does_not_depend_on_how_many_there_are(seed: int, number: int) -> None:
    alone = generate_product(seed, number)
    assert alone == generate_product(seed, number)
    assert alone.shop == SHOPS[number % 3].name
    assert alone.shade in {shade.name for shade in catalogue.COLOURS[alone.colour]}


def test_added_products_change_no_others() -> None:
    assert list(generate_products(1, 60))[:30] == list(generate_products(1, 30))


def test_every_sku_is_unique() -> None:
    assert len({p.sku for p in generate_products(1, MANY)}) == MANY


def test_every_value_occurs() -> None:
    all_products = list(generate_products(1, MANY))
    assert {p.kind for p in all_products} == set(KINDS)
    assert {p.colour for p in all_products} == set(catalogue.COLOURS)
    assert {p.pattern for p in all_products} == set(catalogue.PATTERN_SYNONYMS)
    assert {p.sleeve for p in all_products} == {*catalogue.SLEEVE_SYNONYMS, None}
    assert {p.length for p in all_products} == {*catalogue.LENGTH_SYNONYMS, None}
    assert {p.neckline for p in all_products} == {*catalogue.NECKLINE_SYNONYMS, None}
    assert {p.shop for p in all_products} == {shop.name for shop in SHOPS}


def test_the_catalogue_has_many_kinds_and_values() -> None:
    assert len(KINDS) >= 12
    assert len(catalogue.COLOURS) == 12
    assert len(catalogue.PATTERN_SYNONYMS) >= 6


def test_galleries_begin_with_the_front_and_have_two_to_four_views() -> None:
    galleries = {p.views for p in generate_products(1, MANY)}
    assert {len(views) for views in galleries} == {2, 3, 4}
    assert all(views[0] == "front" and len(set(views)) == len(views) for views in galleries)
    assert {view for views in galleries for view in views} == set(VIEWS)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_texts_have_forty_to_a_hundred_and_twenty_words(seed: int, number: int) -> None:
    words = strip_tags(generate_text(generate_product(seed, number)).description_html).split()
    assert MIN_DESCRIPTION_WORDS <= len(words) <= MAX_DESCRIPTION_WORDS


def test_no_template_is_left_unfilled() -> None:
    for p in generate_products(1, MANY):
        text = generate_text(p)
        assert not re.search(r"[{}]|\bNone\b", text.title + text.description_html)


def test_every_product_is_under_its_brand_and_in_the_category_of_the_kind_that_its_text_names() -> None:
    for p in generate_products(1, 60):
        shelf, brand, *_ = generate_text(p).category_paths
        fault = choose_fault(p)
        kind = fault.text_value if fault and fault.attribute == "kind" else p.kind
        assert shelf[0] == p.gender.capitalize()
        assert shelf[-1] == KINDS[str(kind)].category
        assert brand == ("Brands", p.brand)


def measure_share_right(names: tuple[str, ...], *, with_faults: bool) -> float:
    """Return the share of the given attributes for which the text has the right word."""
    right = total = 0
    for record in iter_ground_truth(3000, 1):
        words, described = record["words"], record["said"]
        assert isinstance(words, list)
        assert isinstance(described, dict)
        if record["fault"] is None or with_faults:
            total += sum(record[name] is not None for name in names)
            right += sum(described[name] in words for name in names)
    return right / total


def test_one_word_in_eight_of_the_description_alone_is_missing_or_wrong() -> None:
    # Seven standard deviations.
    share = measure_share_right(("sleeve", "length", "neckline"), with_faults=True)
    assert 1 - share == pytest.approx(WORD_NOISE_RATE, abs=0.025)


def test_without_an_injected_fault_kind_colour_and_pattern_are_right_or_a_synonym() -> None:
    # A dye named as its colour is its own synonym, so a little less is replaced.
    share = measure_share_right(("kind", "colour", "pattern"), with_faults=False)
    assert 1 - share == pytest.approx(SYNONYM_RATE, abs=0.015)


def test_the_injected_faults_are_few_of_every_sort_and_in_the_text() -> None:
    faults = [(p, fault) for p in generate_products(1, MANY) if (fault := choose_fault(p))]
    assert len(faults) / MANY == pytest.approx(FAULT_RATE, abs=0.03)
    assert {fault.sort for _, fault in faults} == set(SORTS)
    for p, fault in faults:
        assert fault.text_value != fault.true_value == getattr(p, fault.attribute)
        assert getattr(describe_attributes(p), fault.attribute) == fault.text_value
        text = generate_text(p)
        title = text.title.lower()
        if fault.attribute == "colour":
            assert text.colour == (fault.text_value.capitalize() if fault.text_value else None)
        assert fault.text_value is None or fault.text_value == "plain" or fault.text_value in title


def test_the_truth_of_a_crawled_product_is_stated_in_the_words_of_the_crawl() -> None:
    shops = (params.Shop(name="my-shop", url="demo:jsonld"), params.Shop(name="other", url="https://shop.example/"))
    crawl = params.Crawl(snapshot=1, shops=shops, delay=0.0, concurrency=1, demo=params.Demo(MANY, 1))
    truths = list_product_truths(crawl, str.split)
    assert len(truths) == MANY // 3
    assert all(truth.product_id.startswith("my-shop/AL") for truth in truths)
    faults = [truth.fault for truth in truths if truth.fault]
    assert {fault.sort for fault in faults} == set(SORTS)
    assert all(fault.true_words and not fault.true_words & fault.wrong_words for fault in faults)
    assert list_product_truths(replace(crawl, shops=shops[1:]), str.split) == []


def test_the_ground_truth_is_written_as_json_lines(tmp_path: Path) -> None:
    write_ground_truth(tmp_path / "truth.jsonl", 9, 1)
    records = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
    assert records == list(iter_ground_truth(9, 1))
    assert records[0]["product_id"] == "alder/AL10000"
    assert records[0]["kind"] in records[0]["words"]
