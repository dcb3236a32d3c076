"""What is read from saved product pages, beside extruct alone: precision, recall and F1 of each labelled field.

    python benchmarks/product_pages.py ../shared/benchmarks/product-pages

The folder holds pages/*.html.gz and truth.jsonl, a line a page: page, url, brand, sku, gtin, mpn, price,
availability, each a list of right answers or null. Hosts are parted in two halves by a digest of their names: rules
are made while looking at "seen" alone. --misses tells page by page what is wrong there.
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

from crawler.extract import values
from crawler.extract.merge import extract

FIELDS = ("brand", "sku", "gtin", "price", "availability")
PRESENT = ("title", "description", "photo")
Answers = dict[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="holds pages/*.html.gz and truth.jsonl")
    parser.add_argument("--misses", action="store_true", help="print what is wrong on pages of the seen half")
    args = parser.parse_args()
    truths = [json.loads(line) for line in (args.folder / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
    ways: dict[str, Callable[[str, str], Answers]] = {"weft": by_weft, "extruct alone": by_extruct}
    answers: dict[str, list[Answers]] = {name: [] for name in ways}
    milliseconds: dict[str, list[float]] = {name: [] for name in ways}
    for truth in truths:
        html = gzip.decompress((args.folder / "pages" / truth["page"]).read_bytes()).decode("utf-8", "replace")
        for name, read in ways.items():
            begun = time.process_time()
            answers[name].append(read(html, truth["url"]))
            milliseconds[name].append(1000 * (time.process_time() - begun))
    if args.misses:
        print(*misses(truths, answers["weft"]), sep="\n")
    for part in ("seen", "held out", "all"):
        chosen = [n for n, truth in enumerate(truths) if part in ("all", half(truth["url"]))]
        print(f"\n{part}: {len(chosen)} pages")
        for name in ways:
            print(f"  {name}, median {statistics.median(milliseconds[name]):.1f} ms of processor a page")
            for line in table([truths[n] for n in chosen], [answers[name][n] for n in chosen]):
                print(f"    {line}")


def half(url: str) -> str:
    """The half that a page's host falls into; one shop's pages fall into one."""
    host = ".".join((urlsplit(url).hostname or "").removeprefix("www.").split(".")[:-1][-2:]) or "?"
    name = host.split(".")[0] if host.endswith((".co", ".com")) else host.split(".")[-1]
    return ("seen", "held out")[hashlib.sha256(name.encode()).digest()[0] % 2]


def by_weft(html: str, url: str) -> Answers:
    found = extract(html, url)
    if found is None:
        return {}
    told = {name: getattr(found, name) for name in (*FIELDS, "title", "description")}
    answers = {name: value.value for name, value in told.items() if value}
    return {**answers, "photo": found.photos[0].value.url} if found.photos else answers


def by_extruct(html: str, url: str) -> Answers:
    """The first product node of what extruct finds, JSON-LD before microdata before OpenGraph."""
    data = extruct.extract(
        html, base_url=url, syntaxes=["json-ld", "microdata", "opengraph"], uniform=True, errors="ignore"
    )
    answers: Answers = {}
    for syntax in ("json-ld", "microdata", "opengraph"):
        node = next((n for n in nodes(data.get(syntax)) if "product" in str(n.get("@type", "")).lower()), {})
        offer = next(iter(listed(node.get("offers"))), {}) if node else {}
        offer = offer if isinstance(offer, dict) else {}
        gtins = (node.get(key) for key in ("gtin13", "gtin", "gtin12", "gtin14", "gtin8"))
        told = {
            "brand": node.get("brand"),
            "sku": node.get("sku"),
            "gtin": next((gtin for gtin in gtins if gtin), None),
            "price": offer.get("price") or offer.get("lowPrice") or node.get("product:price:amount"),
            "availability": offer.get("availability"),
            "title": node.get("name") or node.get("og:title"),
            "description": node.get("description") or node.get("og:description"),
            "photo": node.get("image") or node.get("og:image"),
        }
        for name, value in told.items():
            first = next(iter(listed(value)), None)
            text = str((first.get("name") or first.get("url") or "") if isinstance(first, dict) else first or "")
            if text.strip():
                answers.setdefault(name, text.strip())
    return answers


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    for part in listed(value):
        if isinstance(part, dict):
            yield part
            yield from nodes(part.get("@graph"))


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def is_right(field: str, told: str, wanted: Iterable[str]) -> bool:
    return plain(field, told) in {plain(field, answer) for answer in wanted}


def plain(field: str, text: str) -> str:
    """`text` without what no reader would call a difference: case, punctuation, a trailing zero."""
    if field == "price":
        try:
            return str(Decimal(values.price(text) or "0").normalize())
        except InvalidOperation:
            return text
    if field == "availability":
        return (
            "in" if values.availability(text) in ("InStock", "LimitedAvailability", "PreOrder", "OnlineOnly") else "out"
        )
    if field == "gtin":
        return text.lstrip("0")
    return re.sub(r"[\W_]+", "", text.casefold())


def table(truths: list[dict[str, Any]], answers: list[Answers]) -> Iterator[str]:
    yield f"{'field':13}{'precision':>10}{'recall':>8}{'F1':>7}"
    for field in FIELDS:
        labelled = sum(truth[field] is not None for truth in truths)
        told = sum(field in answer for answer in answers)
        right = sum(
            is_right(field, answer[field], truth[field] or ())
            for truth, answer in zip(truths, answers, strict=True)
            if field in answer
        )
        precision, recall = right / max(1, told), right / max(1, labelled)
        yield f"{field:13}{precision:10.2f}{recall:8.2f}{2 * right / max(1, told + labelled):7.2f}"
    for field in PRESENT:
        yield f"{field:13}{'':10}{sum(field in answer for answer in answers) / len(answers):8.2f}   of pages have one"
    whole = sum(all(field in answer for field in PRESENT) for answer in answers)
    yield f"{'all three':13}{'':10}{whole / len(answers):8.2f}"


def misses(truths: list[dict[str, Any]], answers: list[Answers]) -> Iterator[str]:
    for truth, answer in zip(truths, answers, strict=True):
        if half(truth["url"]) != "seen":
            continue
        wrong = {
            field: f"{answer.get(field)!r}, right is {truth[field]}"
            for field in FIELDS
            if (field in answer) != (truth[field] is not None)
            or (field in answer and not is_right(field, answer[field], truth[field]))
        }
        wrong |= {field: "missing" for field in PRESENT if field not in answer}
        yield f"{truth['page']} {truth['url'][:90]}"
        yield from (f"    {field}: {text}" for field, text in wrong.items())


if __name__ == "__main__":
    main()
