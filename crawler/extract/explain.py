"""Explain why a page is not recognised as a product, for an engineer who debugs a shop."""

from crawler.extract import html_heuristics, structured_data
from crawler.extract.main_product import is_product_node
from crawler.page import purchase_signals
from crawler.page.document import Document


def explain_no_product(document: Document) -> str:
    """Return one line: what was searched for and not found."""
    nodes = [
        *structured_data.find_json_ld_nodes(document),
        *structured_data.find_microdata_nodes(document),
        *structured_data.find_rdfa_nodes(document),
    ]
    products = [node for node in nodes if is_product_node(node)]
    if len(products) > 1:
        return f"{len(products)} products in the markup, none of which is the main one; is it a listing?"
    if len(products) == 1:
        return "one product in the markup, with another URL and another name than the page; is it a listing?"
    if structured_data.extract_opengraph(document).is_product:
        if purchase_signals.is_gone(document):
            return (
                "og:type says product, but the page says that the product is gone, and has no price or photo of its own"
            )
        return "og:type says product, but the page shows too little of one product; is it a listing?"
    missing = [
        *(["no schema.org Product"] if not products else []),
        "no og:type product or product price in meta tags",
        *(["no heading"] if not document.heading else []),
        *html_heuristics.missing_signals(document),
    ]
    return "; ".join(missing)
