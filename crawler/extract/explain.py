"""Why a page is taken for no product: for the engineer who looks into a shop that reads badly."""

from crawler.extract import html_heuristics, structured_data
from crawler.extract.document import Document
from crawler.extract.main_product import is_product_node


def explain_no_product(document: Document) -> str:
    """One line: what was looked for and not found."""
    nodes = [
        *structured_data.find_json_ld_nodes(document),
        *structured_data.find_microdata_nodes(document),
        *structured_data.find_rdfa_nodes(document),
    ]
    products = [node for node in nodes if is_product_node(node)]
    if len(products) > 1:
        return f"its markup names {len(products)} products and none of them as the page's own; a listing?"
    if len(products) == 1:
        return "its markup names one product that stands at another address under another name; a listing?"
    missing = [
        *(["no schema.org Product"] if not products else []),
        "no og:type product or product price in meta tags",
        *(["no heading"] if not document.heading else []),
        *html_heuristics.missing_signals(document),
    ]
    return "; ".join(missing)
