"""Product pages in the three markups: JSON-LD, microdata, and OpenGraph with plain HTML."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from weft.demo import addresses
from weft.demo.catalogue import DemoProduct
from weft.demo.frame import Trail, breadcrumbs
from weft.demo.texts import Text, plain, price

LETTER_SIZES = ("XS", "S", "M", "L", "XL")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """All that a product page shows of its product."""

    product: DemoProduct
    text: Text
    trail: Trail
    """The category path of this visit."""
    base: str
    """Scheme and host, without a slash at the end."""

    @property
    def url(self) -> str:
        """The canonical URL."""
        return self.base + addresses.product_path(self.product, self.text)

    @property
    def photos(self) -> list[str]:
        """The URLs of the full photos, in order."""
        count = len(self.product.views)
        return [self.base + addresses.photo_path(self.product, position) for position in range(count)]


def product_markup(shown: Shown, markup: str) -> tuple[str, str]:
    """Head and body of the page of one product, in "jsonld", "microdata" or "opengraph"."""
    head, body = _MARKUPS[markup](shown)
    sizes = "".join(f"<option>{size}</option>" for size in LETTER_SIZES)
    canonical = f'<link rel="canonical" href="{shown.url}">'
    return canonical + head, f'{body}<form><select name="size">{sizes}</select><button>Add to bag</button></form>'


def _jsonld(shown: Shown) -> tuple[str, str]:
    product, text = shown.product, shown.text
    record: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": text.title,
        "sku": product.sku,
        "image": shown.photos,
        "description": plain(text.html),
        "brand": {"@type": "Brand", "name": product.brand},
        "material": product.fabric,
        "category": " > ".join(shown.trail),
        "offers": {"@type": "Offer", "price": price(product), "priceCurrency": "GBP", "url": shown.url},
    }
    if text.colour:
        record["color"] = text.colour
    head = "".join(_script(data) for data in (record, *(_trail_record(trail) for trail in text.trails)))
    first, *others = (f'<img src="{photo}" alt="">' for photo in shown.photos)
    later = "".join(other.replace("src=", 'class="lazy" data-src=') for other in others)
    body = (
        f"{breadcrumbs(shown.trail)}<h1>{escape(text.title)}</h1>"
        f'<div class="gallery">{first}{later}</div><div class="description">{text.html}</div>'
    )
    return head, body


def _trail_record(trail: Trail) -> dict[str, object]:
    steps = [{"@type": "ListItem", "position": n, "name": step} for n, step in enumerate(trail, 1)]
    return {"@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": steps}


def _script(data: dict[str, object]) -> str:
    text = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
    return f'<script type="application/ld+json">{text}</script>'


def _microdata(shown: Shown) -> tuple[str, str]:
    product, text = shown.product, shown.text
    photos = "".join(f'<img itemprop="image" src="{photo}" alt="">' for photo in shown.photos)
    colour = f'<p>Colour: <span itemprop="color">{escape(text.colour)}</span></p>' if text.colour else ""
    body = (
        f'{breadcrumbs(shown.trail)}<div itemscope itemtype="https://schema.org/Product">'
        f'<h1 itemprop="name">{escape(text.title)}</h1><meta itemprop="sku" content="{product.sku}">'
        f'<div itemprop="brand" itemscope itemtype="https://schema.org/Brand">'
        f'<span itemprop="name">{escape(product.brand)}</span></div><div class="views">{photos}</div>{colour}'
        f'<meta itemprop="category" content="{escape(" > ".join(shown.trail), quote=True)}">'
        f'<div itemprop="additionalProperty" itemscope itemtype="https://schema.org/PropertyValue">'
        f'<span itemprop="name">Material</span>: <span itemprop="value">{escape(product.fabric)}</span></div>'
        f'<div itemprop="offers" itemscope itemtype="https://schema.org/Offer"><meta itemprop="priceCurrency" '
        f'content="GBP">£<span itemprop="price">{price(product)}</span></div>'
        f'<div itemprop="description">{text.html}</div></div>'
    )
    return "", body


def _opengraph(shown: Shown) -> tuple[str, str]:
    product, text = shown.product, shown.text
    tags = {
        "og:type": "product",
        "og:site_name": "Corso",
        "og:title": text.title,
        "og:url": shown.url,
        "og:image": shown.photos[0],
        "og:description": plain(text.html)[:160],
        "product:brand": product.brand,
        "product:retailer_item_id": product.sku,
        "product:price:amount": price(product),
        "product:price:currency": "GBP",
    }
    if text.colour:
        tags["product:color"] = text.colour
    head = "".join(f'<meta property="{name}" content="{escape(value, quote=True)}">' for name, value in tags.items())
    photos = "".join(f'<a class="zoom" href="{photo}"><img src="{photo}" alt=""></a>' for photo in shown.photos)
    body = (
        f'{breadcrumbs(shown.trail)}<section class="product"><h1>{escape(text.title)}</h1>'
        f'<div class="product-gallery">{photos}</div><p class="price">£{price(product)}</p>'
        f'<div class="product-description">{text.html}</div></section>'
    )
    return head, body


_MARKUPS: dict[str, Callable[[Shown], tuple[str, str]]] = {
    "jsonld": _jsonld,
    "microdata": _microdata,
    "opengraph": _opengraph,
}
