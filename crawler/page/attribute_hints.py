"""Find brand, SKU and product id by class, id and data attributes (<span class="product-sku">) and in the URL."""

import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, urlsplit

import lxml.html

from crawler.discover import urls
from crawler.page.document import Document, clean_text
from crawler.values import labelled_values
from crawler.values.text import visible_text

_FIELD_NAME = re.compile(
    r"(?:^|[\s_-])(?:(?P<sku>skus?|(?:product|item|article|style|catalogue?|artikel|prod)[-_]?"
    r"(?:sku|code|id|no|nr|num|number|nummer|ref|reference|article))"
    r"|(?P<brand>(?:product|item|pdp)?[-_]?(?:brand|manufacturer|marca|marke|marque|vendor)"
    r"(?:[-_]?(?:name|title|link|logo))?))(?:$|[\s_-])",
    re.IGNORECASE,
)
_BRAND_PATH = re.compile(
    r"/(?:brands?|marcas?|marken?|marques?|manufacturers?|vendors?|znacka|producent|merk|brend)/\w", re.I
)
_CODE = re.compile(r"(?=\S*\d)[^\W_][\w./-]{2,39}")
_SKU_ATTRIBUTES = ("data-sku", "data-product-sku", "data-productsku", "data-item-sku", "data-article-number")
_ID_ATTRIBUTES = (
    "data-product-id", "data-productid", "data-product_id", "data-itemid", "data-item-id", "data-pid", "data-articleid",
)  # fmt: skip
_ID_INPUTS = frozenset(
    {"sku", "product_id", "productid", "product", "id_product", "item_id", "itemid", "pid", "add-to-cart", "article_id"}
)
_TEST_ID_ATTRIBUTES = ("data-qa-qualifier", "data-testid", "data-test", "data-qa")
_BRAND_ATTRIBUTES = ("data-brand", "data-product-brand", "data-brand-name")
_TOKEN = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_MIN_DIGITS = 5
_MIN_MIXED_LENGTH = 6
_CHARS_BEFORE_VALUE = frozenset("\"'>:=, \t\r\n({[|#;")
_CHARS_AFTER_VALUE = frozenset("\"'<,; \t\r\n)}]|&")
MAX_BRAND_LENGTH = 40
"""Maximum number of characters of a brand."""


def find_brand(document: Document) -> str:
    """Return the first brand in the main content: by itemprop, data attribute, class or id, or a link to its page."""
    for element in _elements_with(document, ("itemprop",)):
        if element.get("itemprop") == "brand" and (name := clean_text(element.get("content")) or _brand_name(element)):
            return name
    for element in _elements_with(document, _BRAND_ATTRIBUTES):
        for key in _BRAND_ATTRIBUTES:
            if 0 < len(name := clean_text(element.get(key))) <= MAX_BRAND_LENGTH:
                return name
    for element, names in document.labelled_elements:
        if _matched_field(names) == "brand" and not element.get("itemprop") and (name := _brand_name(element)):
            return name
    links = (element for element in document.main_elements if element.tag == "a" and _is_brand_link(element))
    return next(filter(None, map(_brand_name, links)), "")


def find_sku(document: Document) -> str:
    """Return the first SKU in the main content: by itemprop, data attribute, class, id or test id."""
    for element in _elements_with(document, ("itemprop",)):
        if element.get("itemprop") == "sku" and (code := _valid_code(element.get("content") or element.text_content())):
            return code
    for element in _elements_with(document, _SKU_ATTRIBUTES):
        if code := next(filter(None, (_valid_code(element.get(key)) for key in _SKU_ATTRIBUTES)), ""):
            return code
    test_labelled = ((e, e.get(key) or "") for key in _TEST_ID_ATTRIBUTES for e in _elements_with(document, (key,)))
    for element, names in (*document.labelled_elements, *test_labelled):
        if _matched_field(names) == "sku" and (code := _valid_code(_strip_label(clean_text(visible_text(element))))):
            return code
    return ""


def find_form_product_id(document: Document) -> str:
    """Return the product id in a form input or a data attribute."""
    inputs = (element for element in document.main_elements if element.tag == "input")
    form_codes = (_valid_code(e.get("value")) for e in inputs if (e.get("name") or "").lower() in _ID_INPUTS)
    attribute_codes = (
        _valid_code(element.get(key)) for element in _elements_with(document, _ID_ATTRIBUTES) for key in _ID_ATTRIBUTES
    )
    return next(filter(None, (*form_codes, *attribute_codes)), "")


def find_url_product_id(document: Document) -> str:
    """Return the last code in the canonical URL, else in the URL, that is also a value on the page; else ""."""
    for url in dict.fromkeys((document.canonical_url, document.url)):
        for candidate in _url_codes(url):
            if _occurs_as_value(candidate, document.html):
                return candidate
    return ""


def _elements_with(document: Document, attributes: tuple[str, ...]) -> Iterator[lxml.html.HtmlElement]:
    """Yield the elements of the main content that have one of `attributes`."""
    present = [name for name in attributes if name in document.html]
    for element in document.main_elements if present else ():
        if any(element.get(name) is not None for name in present):
            yield element


@lru_cache(maxsize=65536)
def _matched_field(names: str) -> str:
    match = _FIELD_NAME.search(names)
    return match.lastgroup or "" if match else ""


def _is_brand_link(element: lxml.html.HtmlElement) -> bool:
    return element.tag == "a" and bool(_BRAND_PATH.search(urlsplit(element.get("href") or "").path))


def _brand_name(element: lxml.html.HtmlElement) -> str:
    text = _strip_label(clean_text(visible_text(element)))
    if not text:
        alternatives = (clean_text(image.get("alt") or image.get("title")) for image in element.iter("img"))
        text = next(filter(None, alternatives), "") or clean_text(element.get("title"))
    letters, digits = sum(c.isalpha() for c in text), sum(c.isdigit() for c in text)
    return text if len(text) <= MAX_BRAND_LENGTH and letters > digits else ""


def _strip_label(text: str) -> str:
    label, colon, value = text.replace("：", ":").partition(":")
    return value.strip() if colon and labelled_values.classify_label(label) else text


def _valid_code(value: str | None) -> str:
    text = clean_text(value)
    return text if _CODE.fullmatch(text) else ""


def _url_codes(url: str) -> Iterator[str]:
    """Yield the codes in `url`: id parameters first, then the parts of the path from last to first."""
    parts = urlsplit(url)
    for name, value in parse_qsl(parts.query):
        if urls.is_product_id_param(name) and len(value) >= _MIN_DIGITS and _TOKEN.fullmatch(value):
            yield value
    for token in reversed(_TOKEN.findall(unquote(parts.path))):
        if token.isdigit():
            if len(token) >= _MIN_DIGITS:
                yield token
            continue
        digits = sum(character.isdigit() for character in token)
        if len(token) >= _MIN_MIXED_LENGTH and digits >= 2:
            yield token
        yield from reversed([run for run in _DIGITS.findall(token) if len(run) >= _MIN_DIGITS])


def _occurs_as_value(code: str, html: str) -> bool:
    """Return whether `code` is a whole value or word somewhere in `html`, not only a part of a URL."""
    start = html.find(code)
    while start >= 0:
        end = start + len(code)
        if start and html[start - 1] in _CHARS_BEFORE_VALUE and html[end : end + 1] in _CHARS_AFTER_VALUE:
            return True
        start = html.find(code, end)
    return False
