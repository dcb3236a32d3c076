"""Combine what all extractors find on a page into one product, field by field, the most specific source first."""

from collections.abc import Callable, Sequence

from crawler.extract import (
    bigcommerce,
    choose_fields,
    html_heuristics,
    inline_scripts,
    magento,
    script_data,
    shopify,
    structured_data,
    woocommerce,
)
from crawler.extract.choose_fields import choose_item_id
from crawler.extract.models import ExtractedFields, ExtractedProduct
from crawler.overrides import Override, selectors
from crawler.page import purchase_signals
from crawler.page.document import Document, collapse_whitespace, parse_html
from crawler.values import value_parsing
from crawler.values.text import plain_text

EXTRACTORS: tuple[Callable[[Document], ExtractedFields], ...] = (
    shopify.extract_shopify,
    structured_data.extract_json_ld,
    structured_data.extract_microdata,
    structured_data.extract_rdfa,
    structured_data.extract_opengraph,
    magento.extract_magento,
    bigcommerce.extract_bigcommerce,
    woocommerce.extract_woocommerce,
)
"""The extractors of markup, the most specific first; heuristics, head and inline scripts come after them."""
_MIN_INTERNAL_SKU_DIGITS = 6
_MIN_EVIDENCE_BESIDE_CARDS = 2
"""A page with cards of products needs this many of price, photo, code and button if og:type alone says product.

So does one whose markup has neither photo nor code, as that of a listing with the ratings of all its products."""
_HEURISTIC_FIELDS = ("brand", "sku", "price", "availability")


def extract_product_from_html(html: str, url: str, override: Override | None = None) -> ExtractedProduct | None:
    """Return the product that a page shows, or None if it shows none or several.

    Args:
        html: The page.
        url: The URL of the page.
        override: Hand-written selectors of this shop, which take precedence over all extractors.
    """
    return extract_product(parse_html(html, url), override)


def extract_product(document: Document, override: Override | None = None) -> ExtractedProduct | None:
    """Return the product of a parsed page; see `extract_product_from_html`."""
    extractions = [selectors.extract_with_selectors(document, override)] if override else []
    extractions += [extractor(document) for extractor in EXTRACTORS]
    if not any(extracted.is_product for extracted in extractions) or not any(e.photos for e in extractions):
        extractions.append(script_data.extract_script_data(document))
    already_found = {name for name in _HEURISTIC_FIELDS if any(getattr(extracted, name) for extracted in extractions)}
    with_sku = [extracted for extracted in extractions if extracted.sku]
    if all(value_parsing.parse_gtin(extracted.sku) for extracted in with_sku):
        already_found.discard("sku")
    elif all(_is_internal_sku(extracted.sku, document) for extracted in with_sku):
        already_found.add("internal sku")
    # A single flag such as og:type is not enough: the page itself must look like a product page.
    claims = [extracted for extracted in extractions if extracted.is_product]
    if any(extracted.source != "opengraph" for extracted in claims):
        already_found.add("product")
    extractions.append(html_heuristics.extract_by_heuristics(document, frozenset(already_found)))
    if "internal sku" in already_found and extractions[-1].sku:
        for extracted in with_sku:
            extracted.sku = ""
    if not _shows_one_product(extractions, document):
        return None
    extractions.append(structured_data.extract_head(document))
    title = choose_fields.choose_title(extractions, document.heading)
    missing = frozenset(
        name for name in _HEURISTIC_FIELDS if not any(getattr(extracted, name) for extracted in extractions)
    )
    extractions.append(inline_scripts.extract_from_scripts(document, missing, title.value if title else ""))
    return combine_fields(extractions, document.canonical_url, document.heading, document.html)


def _shows_one_product(extractions: Sequence[ExtractedFields], document: Document) -> bool:
    """Return whether the page shows one product: not a listing, nor the notice that a product is gone."""
    claims = {extracted.source for extracted in extractions if extracted.is_product}
    if not claims:
        return False
    page = extractions[-1]
    by_markup = [extracted for extracted in extractions if extracted.source != "opengraph"]
    has_price = any(extracted.price for extracted in extractions)
    has_photo = any(extracted.photos for extracted in by_markup)
    if not (has_price or has_photo) and purchase_signals.is_gone(document):
        return False
    has_code = any(e.gtin or e.mpn or (e.sku and e is not page) for e in extractions)
    if claims != {"opengraph"} and (has_photo or has_code or "page" in claims):
        return True
    evidence = has_price + has_photo + has_code + purchase_signals.has_buy_button(document)
    if purchase_signals.has_product_cards(document):
        return evidence >= _MIN_EVIDENCE_BESIDE_CARDS
    return claims != {"opengraph"} or evidence > 0 or any(extracted.photos for extracted in extractions)


def _is_internal_sku(sku: str, document: Document) -> bool:
    """Return whether `sku` is a long number that the page does not show: an id of the software, not a SKU."""
    if len(sku) < _MIN_INTERNAL_SKU_DIGITS or not sku.isdecimal():
        return False
    return not any(sku in (element.text or "") or sku in (element.tail or "") for element in document.main_elements)


def combine_fields(
    extractions: Sequence[ExtractedFields], url: str, heading: str = "", html: str = ""
) -> ExtractedProduct | None:
    """Combine the extracted fields of one page or feed entry into a product.

    Args:
        extractions: The fields of each source, the most specific first.
        url: The canonical URL of the product.
        heading: The heading of its page.
        html: The page.

    Returns:
        The product, or None if there is no title or no source says that there is one product.
    """
    title = choose_fields.choose_title(extractions, heading)
    if title is None or not any(extracted.is_product for extracted in extractions):
        return None
    price, currency = choose_fields.choose_price(extractions)
    return ExtractedProduct(
        url=url,
        item_id=choose_item_id(extractions, url),
        title=title,
        description=choose_fields.choose_description(extractions, title.value),
        brand=choose_fields.choose_first(extractions, lambda extracted: value_parsing.parse_brand(extracted.brand)),
        colour=choose_fields.choose_first(extractions, lambda extracted: plain_text(extracted.colour)),
        sku=choose_fields.choose_sku(extractions, url),
        gtin=choose_fields.choose_first(extractions, lambda extracted: value_parsing.parse_gtin(extracted.gtin)),
        mpn=choose_fields.choose_first(extractions, lambda extracted: collapse_whitespace(extracted.mpn)),
        group_id=choose_fields.choose_first(
            extractions, lambda extracted: extracted.group_id or extracted.item_group_id
        ),
        price=price,
        currency=currency,
        availability=choose_fields.choose_first(
            extractions, lambda extracted: value_parsing.parse_availability(extracted.availability)
        ),
        language=choose_fields.choose_first(
            extractions, lambda extracted: value_parsing.parse_language(extracted.language)
        ),
        categories=choose_fields.merge_categories(extractions, title.value),
        attributes=choose_fields.choose_attributes(extractions),
        photos=choose_fields.merge_photos(extractions, html),
    )
