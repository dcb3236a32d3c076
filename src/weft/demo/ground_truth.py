"""The ground truth of the demo catalogue, for evaluation; no page of a shop contains it."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from weft import params, tables
from weft.contracts.ground_truth import ProductTruth, TextFault
from weft.demo.catalogue import PATTERN_SYNONYMS, SLEEVE_SYNONYMS, DemoProduct, generate_products
from weft.demo.fault_injection import WRONG_KIND, InjectedFault, choose_fault
from weft.demo.garment_kinds import KINDS
from weft.demo.shops import SHOPS_BY_MARKUP
from weft.demo.text_generation import describe_attributes, get_true_words
from weft.params.crawl import DEMO_URL_PREFIX

Tokenizer = Callable[[str], list[str]]


def iter_ground_truth(count: int, seed: int) -> Iterator[dict[str, object]]:
    """Generate one record for each of the first `count` products of all shops.

    Yields:
        product_id ("<shop>/<sku>"), kind, gender, colour, shade, second_colour, pattern, sleeve, length, neckline
        (null if it does not apply), views (the kind of each photo), words (the correct words for the visible
        attributes), said (the words of the shop's text, null if it does not mention an attribute) and fault (the fault
        injected into the text: its sort, the attribute, the true value and that of the text; null for most products).
    """
    for product in generate_products(seed, count):
        fault = choose_fault(product)
        yield {
            "product_id": f"{product.shop}/{product.sku}",
            "kind": product.kind,
            "gender": product.gender,
            "colour": product.colour,
            "shade": product.shade,
            "second_colour": product.second_colour if product.pattern != "plain" else None,
            "pattern": product.pattern,
            "sleeve": product.sleeve,
            "length": product.length,
            "neckline": product.neckline,
            "views": list(product.views),
            "words": sorted(get_true_words(product).values()),
            "said": asdict(describe_attributes(product)),
            "fault": asdict(fault) if fault else None,
        }


def write_ground_truth(path: Path, count: int, seed: int) -> None:
    """Write the ground truth of the first `count` products as JSON lines."""
    with tables.atomic_write(path) as temporary, temporary.open("w", encoding="utf-8") as out:
        for record in iter_ground_truth(count, seed):
            out.write(json.dumps(record, ensure_ascii=False) + "\n")


def list_product_truths(crawl: params.Crawl, tokenize: Tokenizer) -> list[ProductTruth]:
    """Return the truth of the products that a crawl has from the demo shops; nothing if it crawls none of them.

    Args:
        crawl: The section `crawl` of params.yaml.
        tokenize: Splits a text into words as `clean` does.
    """
    urls = {f"{DEMO_URL_PREFIX}{markup}": shop.name for markup, shop in SHOPS_BY_MARKUP.items()}
    name_of = {urls[shop.url]: shop.name for shop in crawl.shops if shop.url in urls}
    if not name_of:
        return []
    return [
        ProductTruth(
            f"{name_of[product.shop]}/{product.sku}",
            _tokenize_all(_list_shown_texts(product), tokenize),
            _make_text_fault(fault, tokenize) if (fault := choose_fault(product)) else None,
        )
        for product in generate_products(crawl.demo.seed, crawl.demo.num_products)
        if product.shop in name_of
    ]


def _list_shown_texts(product: DemoProduct) -> list[str]:
    """Return the correct words and all their synonyms, the names of the category, and the gender."""
    words = [*get_true_words(product).values(), *_list_kind_names(product.kind), *PATTERN_SYNONYMS[product.pattern]]
    return [*words, *SLEEVE_SYNONYMS.get(product.sleeve or "", ()), product.gender]


def _list_kind_names(name: str) -> list[str]:
    kind = KINDS[name]
    return [name, kind.category, kind.parent_category, *kind.synonyms, *(["pair"] if kind.is_pair else [])]


def _make_text_fault(fault: InjectedFault, tokenize: Tokenizer) -> TextFault:
    if fault.sort == WRONG_KIND:
        true_words = _tokenize_all(_list_kind_names(fault.true_value), tokenize)
        text_words = _tokenize_all(_list_kind_names(fault.text_value or ""), tokenize)
        return TextFault(fault.sort, true_words - text_words, text_words - true_words)
    text_words = _tokenize_all([fault.text_value] if fault.text_value else [], tokenize)
    return TextFault(fault.sort, _tokenize_all([fault.true_value], tokenize), text_words)


def _tokenize_all(texts: Iterable[str], tokenize: Tokenizer) -> frozenset[str]:
    return frozenset(word for text in texts for word in tokenize(text))
