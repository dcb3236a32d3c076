"""Render product pages in three markups (JSON-LD, microdata, OpenGraph with plain HTML) inside the layout of a shop."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape

from weft.demo import urls
from weft.demo.catalogue import DemoProduct
from weft.demo.shops import DemoShop
from weft.demo.text_generation import ProductText, format_price, strip_tags
from weft.demo.urls import listing_path

CategoryPath = tuple[str, ...]
LETTER_SIZES = ("XS", "S", "M", "L", "XL")


def render_page(shop: DemoShop, title: str, head: str, body: str, nav_paths: Iterable[CategoryPath]) -> str:
    """Render a complete page: head, navigation, links that robots.txt disallows, content, footer.

    Args:
        shop: The shop.
        title: Text of the title element; the title of the shop is appended.
        head: HTML for the head element.
        body: HTML of the content.
        nav_paths: The category paths in the navigation.
    """
    nav = "".join(f'<li><a href="{listing_path(path)}?nav=top">{escape(path[-1])}</a></li>' for path in nav_paths)
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
    """Render the breadcrumb list of a category path in plain HTML."""
    steps = "".join(
        f'<li><a href="{listing_path(category_path[: depth + 1])}">{escape(step)}</a></li>'
        for depth, step in enumerate(category_path)
    )
    return f'<ol class="breadcrumbs"><li><a href="/">Home</a></li>{steps}</ol>'


@dataclass(frozen=True, kw_only=True)
class ProductPage:
    """The content of one product page."""

    product: DemoProduct
    text: ProductText
    category_path: CategoryPath
    """The category path of the requested URL."""
    base_url: str
    """Scheme and host, without a final slash."""

    @property
    def url(self) -> str:
        """The canonical URL."""
        return self.base_url + urls.product_path(self.product, self.text)

    @property
    def photo_urls(self) -> list[str]:
        """The URLs of the full-size photos, in order."""
        count = len(self.product.views)
        return [self.base_url + urls.photo_path(self.product, position) for position in range(count)]


def render_product(page: ProductPage, markup: str) -> tuple[str, str]:
    """Render the head and body of a product page; `markup` is "jsonld", "microdata" or "opengraph"."""
    head, body = _RENDERERS[markup](page)
    sizes = "".join(f"<option>{size}</option>" for size in LETTER_SIZES)
    canonical = f'<link rel="canonical" href="{page.url}">'
    return canonical + head, f'{body}<form><select name="size">{sizes}</select><button>Add to bag</button></form>'


def _render_jsonld(page: ProductPage) -> tuple[str, str]:
    product, text = page.product, page.text
    record: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": text.title,
        "sku": product.sku,
        "image": page.photo_urls,
        "description": strip_tags(text.description_html),
        "brand": {"@type": "Brand", "name": product.brand},
        "material": product.fabric,
        "category": " > ".join(page.category_path),
        "offers": {"@type": "Offer", "price": format_price(product), "priceCurrency": "GBP", "url": page.url},
    }
    if text.colour:
        record["color"] = text.colour
    head = "".join(
        _render_jsonld_script(data)
        for data in (record, *(_make_breadcrumb_list(category_path) for category_path in text.category_paths))
    )
    first, *rest = (f'<img src="{photo}" alt="">' for photo in page.photo_urls)
    lazy_images = "".join(image.replace("src=", 'class="lazy" data-src=') for image in rest)
    body = (
        f"{render_breadcrumbs(page.category_path)}<h1>{escape(text.title)}</h1>"
        f'<div class="gallery">{first}{lazy_images}</div><div class="description">{text.description_html}</div>'
    )
    return head, body


def _make_breadcrumb_list(category_path: CategoryPath) -> dict[str, object]:
    steps = [{"@type": "ListItem", "position": n, "name": step} for n, step in enumerate(category_path, 1)]
    return {"@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": steps}


def _render_jsonld_script(data: dict[str, object]) -> str:
    text = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
    return f'<script type="application/ld+json">{text}</script>'


def _render_microdata(page: ProductPage) -> tuple[str, str]:
    product, text = page.product, page.text
    photos = "".join(f'<img itemprop="image" src="{photo}" alt="">' for photo in page.photo_urls)
    colour = f'<p>Colour: <span itemprop="color">{escape(text.colour)}</span></p>' if text.colour else ""
    body = (
        f'{render_breadcrumbs(page.category_path)}<div itemscope itemtype="https://schema.org/Product">'
        f'<h1 itemprop="name">{escape(text.title)}</h1><meta itemprop="sku" content="{product.sku}">'
        f'<div itemprop="brand" itemscope itemtype="https://schema.org/Brand">'
        f'<span itemprop="name">{escape(product.brand)}</span></div><div class="views">{photos}</div>{colour}'
        f'<meta itemprop="category" content="{escape(" > ".join(page.category_path), quote=True)}">'
        f'<div itemprop="additionalProperty" itemscope itemtype="https://schema.org/PropertyValue">'
        f'<span itemprop="name">Material</span>: <span itemprop="value">{escape(product.fabric)}</span></div>'
        f'<div itemprop="offers" itemscope itemtype="https://schema.org/Offer"><meta itemprop="priceCurrency" '
        f'content="GBP">£<span itemprop="price">{format_price(product)}</span></div>'
        f'<div itemprop="description">{text.description_html}</div></div>'
    )
    return "", body


def _render_opengraph(page: ProductPage) -> tuple[str, str]:
    product, text = page.product, page.text
    tags = {
        "og:type": "product",
        "og:site_name": "Corso",
        "og:title": text.title,
        "og:url": page.url,
        "og:image": page.photo_urls[0],
        "og:description": strip_tags(text.description_html)[:160],
        "product:brand": product.brand,
        "product:retailer_item_id": product.sku,
        "product:price:amount": format_price(product),
        "product:price:currency": "GBP",
    }
    if text.colour:
        tags["product:color"] = text.colour
    head = "".join(f'<meta property="{name}" content="{escape(value, quote=True)}">' for name, value in tags.items())
    photos = "".join(f'<a class="zoom" href="{photo}"><img src="{photo}" alt=""></a>' for photo in page.photo_urls)
    body = (
        f'{render_breadcrumbs(page.category_path)}<section class="product"><h1>{escape(text.title)}</h1>'
        f'<div class="product-gallery">{photos}</div><p class="price">£{format_price(product)}</p>'
        f'<div class="product-description">{text.description_html}</div></section>'
    )
    return head, body


_RENDERERS: dict[str, Callable[[ProductPage], tuple[str, str]]] = {
    "jsonld": _render_jsonld,
    "microdata": _render_microdata,
    "opengraph": _render_opengraph,
}
