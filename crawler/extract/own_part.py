"""Which part of a page is its own: never navigation, header, footer, or blocks of other products."""

import re
from functools import lru_cache
from typing import Any

import lxml.html
from lxml import etree

_ASIDE_TAGS = frozenset({"nav", "footer", "aside", "noscript"})
_SILENT_TAGS = frozenset({"script", "style", "template", "svg", "iframe", "head"})
_ASIDE = re.compile(
    r"related|upsell|up-sell|cross-?sell|recommend|similar|also[-_ ]?(?:viewed|bought|like)|recently|you-may"
    r"|complete-the|\bnav(?!igator)|\bmenu|footer|breadcrumb|newsletter|review|payment|instagram|minicart|cookie"
    r"|modal-menu|sponsored|carousel-card|mega-?menu|sitemap|site-?header",
    re.IGNORECASE,
)


def is_aside(element: lxml.html.HtmlElement | None) -> bool:
    """Within navigation, header, footer, or a block of other products."""
    while element is not None:
        if element.tag in ("html", "body"):
            return False
        if begins_aside(element):
            return True
        element = element.getparent()
    return False


def begins_aside(element: lxml.html.HtmlElement) -> bool:
    """Whether `element` itself is such a block; never, for a header or by its name, what holds the page's heading."""
    if element.tag in _ASIDE_TAGS:
        return True
    if element.tag == "header":
        return element.find(".//h1") is None
    names = f"{element.get('id', '')} {element.get('class', '')}"
    return _is_named_aside(names) and element.find(".//h1") is None


@lru_cache(maxsize=65536)
def _is_named_aside(names: str) -> bool:
    return bool(_ASIDE.search(names))


def parts(tree: lxml.html.HtmlElement, html: str) -> tuple[list[Any], list[Any]]:
    """(the elements of the page's own part in its order, the blocks named breadcrumbs).

    What is aside, and scripts, are left out whole.
    """
    body = tree.find("body")
    found, crumbs = [], []
    walk = etree.iterwalk(tree if body is None else body, events=("start",))
    for _, element in walk:
        tag = element.tag
        if not isinstance(tag, str) or tag in _SILENT_TAGS:
            walk.skip_subtree()
        elif tag != "body" and begins_aside(element):
            walk.skip_subtree()
            if is_crumbs(element):
                crumbs.append(element)
        else:
            found.append(element)
    return found, crumbs or (_hidden_crumbs(tree) if "readcrumb" in html else [])


def is_crumbs(element: lxml.html.HtmlElement) -> bool:
    """Whether a block is named breadcrumbs."""
    names = (element.get(key) or "" for key in ("class", "id", "data-role", "aria-label"))
    return "breadcrumb" in " ".join(names).lower()


def _hidden_crumbs(tree: lxml.html.HtmlElement) -> list[Any]:
    """Breadcrumbs within a header or another block that is aside."""
    found = tree.xpath("//body//*[contains(@class, 'readcrumb') or contains(@id, 'readcrumb')]")
    return list(found)
