"""Which part of a page is its own: never navigation, header, footer, or blocks of other products."""

import re
from functools import lru_cache
from typing import Any

import lxml.html
from lxml import etree

_BOILERPLATE_TAGS = frozenset({"nav", "footer", "aside", "noscript"})
_NON_CONTENT_TAGS = frozenset({"script", "style", "template", "svg", "iframe", "head"})
_BOILERPLATE_NAME = re.compile(
    r"related|upsell|up-sell|cross-?sell|recommend|similar|also[-_ ]?(?:viewed|bought|like)|recently|you-may"
    r"|complete-the|\bnav(?!igator)|\bmenu|footer|breadcrumb|newsletter|review|payment|instagram|minicart|cookie"
    r"|modal-menu|sponsored|carousel-card|mega-?menu|sitemap|site-?header",
    re.IGNORECASE,
)


def is_inside_boilerplate(element: lxml.html.HtmlElement | None) -> bool:
    """Within navigation, header, footer, or a block of other products."""
    while element is not None:
        if element.tag in ("html", "body"):
            return False
        if is_boilerplate_block(element):
            return True
        element = element.getparent()
    return False


def is_boilerplate_block(element: lxml.html.HtmlElement) -> bool:
    """Whether `element` itself is such a block; never, for a header or by its name, what holds the page's heading."""
    if element.tag in _BOILERPLATE_TAGS:
        return True
    if element.tag == "header":
        return element.find(".//h1") is None
    names = f"{element.get('id', '')} {element.get('class', '')}"
    return _is_boilerplate_name(names) and element.find(".//h1") is None


@lru_cache(maxsize=65536)
def _is_boilerplate_name(names: str) -> bool:
    return bool(_BOILERPLATE_NAME.search(names))


def split_main_content(tree: lxml.html.HtmlElement, html: str) -> tuple[list[Any], list[Any]]:
    """(the elements of the page's own part in its order, the blocks named breadcrumbs).

    What is aside, and scripts, are left out whole.
    """
    body = tree.find("body")
    main_elements, breadcrumb_blocks = [], []
    walk = etree.iterwalk(tree if body is None else body, events=("start",))
    for _, element in walk:
        tag = element.tag
        if not isinstance(tag, str) or tag in _NON_CONTENT_TAGS:
            walk.skip_subtree()
        elif tag != "body" and is_boilerplate_block(element):
            walk.skip_subtree()
            if is_breadcrumb_block(element):
                breadcrumb_blocks.append(element)
        else:
            main_elements.append(element)
    return main_elements, breadcrumb_blocks or (_find_hidden_breadcrumbs(tree) if "readcrumb" in html else [])


def is_breadcrumb_block(element: lxml.html.HtmlElement) -> bool:
    """Whether a block is named breadcrumbs."""
    names = (element.get(key) or "" for key in ("class", "id", "data-role", "aria-label"))
    return "breadcrumb" in " ".join(names).lower()


def _find_hidden_breadcrumbs(tree: lxml.html.HtmlElement) -> list[Any]:
    """Breadcrumbs within a header or another block that is aside."""
    found = tree.xpath("//body//*[contains(@class, 'readcrumb') or contains(@id, 'readcrumb')]")
    return list(found)
