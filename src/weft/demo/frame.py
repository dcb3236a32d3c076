"""What every page of a shop carries around its own content: head, navigation, links to forbidden ground, footer."""

from collections.abc import Iterable
from html import escape

from weft.demo.addresses import listing_path
from weft.demo.shops import DemoShop

CategoryPath = tuple[str, ...]


def render_page(shop: DemoShop, title: str, head: str, body: str, nav_paths: Iterable[CategoryPath]) -> str:
    """One whole page.

    Args:
        shop: Whose page.
        title: Text of the title element; the shop's own name is appended.
        head: HTML for the head element.
        body: HTML of the content.
        shelves: The category paths that the navigation offers.
    """
    nav = "".join(f'<li><a href="{listing_path(shelf)}?nav=top">{escape(shelf[-1])}</a></li>' for shelf in nav_paths)
    forbidden = "".join(f'<a href="{prefix}?from=header">{prefix[1:].capitalize()}</a> ' for prefix in shop.disallowed)
    footer = "".join(f"<p>{escape(line)}</p>" for line in shop.footer)
    return (
        '<!doctype html><html lang="en-GB"><head><meta charset="utf-8">'
        f"<title>{escape(title)} | {escape(shop.title)}</title>{head}</head><body>"
        f'<header><a class="logo" href="/">{escape(shop.title)}</a><nav><ul>{nav}</ul></nav>'
        f'<div class="tools">{forbidden}</div></header><main>{body}</main>'
        f'<footer>{footer}<p><a href="/about">About {escape(shop.title)}</a></p></footer></body></html>'
    )


def render_breadcrumbs(category_path: CategoryPath) -> str:
    """The plain HTML breadcrumb list of a category path."""
    steps = "".join(
        f'<li><a href="{listing_path(category_path[: depth + 1])}">{escape(step)}</a></li>'
        for depth, step in enumerate(category_path)
    )
    return f'<ol class="breadcrumbs"><li><a href="/">Home</a></li>{steps}</ol>'
