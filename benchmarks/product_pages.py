"""Measure precision, recall and F1 of each field extracted from saved product pages, compared with extruct alone.

    python benchmarks/product_pages.py FOLDER

The folder holds pages/*.html.gz and truth.jsonl. Each line of truth.jsonl is a page with the keys page, url, brand,
sku, gtin, mpn, price and availability; the value of a field is a list of correct answers or null. Hosts are split into
two halves by a digest of their names. Rules are developed on the half "seen" only; --misses lists its errors by page.
Of the half "held out", the four pages whose brand is missed have been read once (November 2026); no rule came of it.
"""

import argparse
import gzip
import hashlib
import json
import re
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import extruct

from crawler.extract.combine import extract_product_from_html
from crawler.values import prices, value_parsing

FIELDS = ("brand", "sku", "gtin", "price", "availability")
PRESENCE_FIELDS = ("title", "description", "photo")
Answers = dict[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder with pages/*.html.gz and truth.jsonl")
    parser.add_argument("--misses", action="store_true", help="print the errors on pages of the half 'seen'")
    args = parser.parse_args()
    truths = [json.loads(line) for line in (args.folder / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
    extractors: dict[str, Callable[[str, str], Answers]] = {
        "weft": extract_with_weft,
        "extruct alone": extract_with_extruct,
    }
    answers: dict[str, list[Answers]] = {name: [] for name in extractors}
    milliseconds: dict[str, list[float]] = {name: [] for name in extractors}
    for truth in truths:
        html = gzip.decompress((args.folder / "pages" / truth["page"]).read_bytes()).decode("utf-8", "replace")
        for name, extract in extractors.items():
            started = time.process_time()
            answers[name].append(extract(html, truth["url"]))
            milliseconds[name].append(1000 * (time.process_time() - started))
    if args.misses:
        print(*format_misses(truths, answers["weft"]), sep="\n")
    for subset in ("seen", "held out", "all"):
        chosen = [n for n, truth in enumerate(truths) if subset in ("all", assign_half(truth["url"]))]
        print(f"\n{subset}: {len(chosen)} pages")
        for name in extractors:
            print(f"  {name}, median {statistics.median(milliseconds[name]):.1f} ms of CPU time per page")
            for line in format_table([truths[n] for n in chosen], [answers[name][n] for n in chosen]):
                print(f"    {line}")


def assign_half(url: str) -> str:
    """Return the half of a page; all pages of one shop are in the same half."""
    host = ".".join((urlsplit(url).hostname or "").removeprefix("www.").split(".")[:-1][-2:]) or "?"
    name = host.split(".")[0] if host.endswith((".co", ".com")) else host.split(".")[-1]
    return ("seen", "held out")[hashlib.sha256(name.encode()).digest()[0] % 2]


def extract_with_weft(html: str, url: str) -> Answers:
    product = extract_product_from_html(html, url)
    if product is None:
        return {}
    fields = {name: getattr(product, name) for name in (*FIELDS, "title", "description")}
    answers = {name: value.value for name, value in fields.items() if value}
    return {**answers, "photo": product.photos[0].value.url} if product.photos else answers


def extract_with_extruct(html: str, url: str) -> Answers:
    """Return each field of the first product node of JSON-LD, else of microdata, else of OpenGraph."""
    data = extruct.extract(
        html, base_url=url, syntaxes=["json-ld", "microdata", "opengraph"], uniform=True, errors="ignore"
    )
    answers: Answers = {}
    for syntax in ("json-ld", "microdata", "opengraph"):
        node = next((n for n in iter_nodes(data.get(syntax)) if "product" in str(n.get("@type", "")).lower()), {})
        offer = next(iter(as_list(node.get("offers"))), {}) if node else {}
        offer = offer if isinstance(offer, dict) else {}
        gtins = (node.get(key) for key in ("gtin13", "gtin", "gtin12", "gtin14", "gtin8"))
        fields = {
            "brand": node.get("brand"),
            "sku": node.get("sku"),
            "gtin": next((gtin for gtin in gtins if gtin), None),
            "price": offer.get("price") or offer.get("lowPrice") or node.get("product:price:amount"),
            "availability": offer.get("availability"),
            "title": node.get("name") or node.get("og:title"),
            "description": node.get("description") or node.get("og:description"),
            "photo": node.get("image") or node.get("og:image"),
        }
        for name, value in fields.items():
            first = next(iter(as_list(value)), None)
            text = str((first.get("name") or first.get("url") or "") if isinstance(first, dict) else first or "")
            if text.strip():
                answers.setdefault(name, text.strip())
    return answers


def iter_nodes(value: Any) -> Iterator[dict[str, Any]]:
    for part in as_list(value):
        if isinstance(part, dict):
            yield part
            yield from iter_nodes(part.get("@graph"))


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def is_correct(field: str, extracted: str, expected: Iterable[str]) -> bool:
    return normalise_answer(field, extracted) in {normalise_answer(field, answer) for answer in expected}


def normalise_answer(field: str, text: str) -> str:
    """Remove differences that do not matter from an answer: case, punctuation, trailing zeros."""
    if field == "price":
        try:
            return str(Decimal(prices.parse_price(text).amount or "0").normalize())
        except InvalidOperation:
            return text
    if field == "availability":
        return (
            "in"
            if value_parsing.parse_availability(text) in ("InStock", "LimitedAvailability", "PreOrder", "OnlineOnly")
            else "out"
        )
    if field == "gtin":
        return text.lstrip("0")
    return re.sub(r"[\W_]+", "", text.casefold())


def format_table(truths: list[dict[str, Any]], answers: list[Answers]) -> Iterator[str]:
    yield f"{'field':13}{'precision':>10}{'recall':>8}{'F1':>7}"
    for field in FIELDS:
        n_labelled = sum(truth[field] is not None for truth in truths)
        n_extracted = sum(field in answer for answer in answers)
        n_correct = sum(
            is_correct(field, answer[field], truth[field] or ())
            for truth, answer in zip(truths, answers, strict=True)
            if field in answer
        )
        precision, recall = n_correct / max(1, n_extracted), n_correct / max(1, n_labelled)
        yield f"{field:13}{precision:10.2f}{recall:8.2f}{2 * n_correct / max(1, n_extracted + n_labelled):7.2f}"
    for field in PRESENCE_FIELDS:
        yield f"{field:13}{'':10}{sum(field in answer for answer in answers) / len(answers):8.2f}   (share of pages)"
    n_complete = sum(all(field in answer for field in PRESENCE_FIELDS) for answer in answers)
    yield f"{'all three':13}{'':10}{n_complete / len(answers):8.2f}"


def format_misses(truths: list[dict[str, Any]], answers: list[Answers]) -> Iterator[str]:
    for truth, answer in zip(truths, answers, strict=True):
        if assign_half(truth["url"]) != "seen":
            continue
        wrong = {
            field: f"expected {truth[field]}, got {answer.get(field)!r}"
            for field in FIELDS
            if (field in answer) != (truth[field] is not None)
            or (field in answer and not is_correct(field, answer[field], truth[field]))
        }
        wrong |= {field: "missing" for field in PRESENCE_FIELDS if field not in answer}
        yield f"{truth['page']} {truth['url'][:90]}"
        yield from (f"    {field}: {text}" for field, text in wrong.items())


if __name__ == "__main__":
    main()
