"""The plain head of a page, title and meta description: the last to be asked."""

from crawler.extract.document import Document, said
from crawler.extract.layer import Layer

_DESCRIPTIONS = ("description", "twitter:description")


def read(document: Document) -> Layer:
    """What the title tag and the meta description say."""
    told: dict[str, str] = {}
    for meta in document.tree.iter("meta"):
        name = (meta.get("name") or meta.get("property") or "").lower()
        if name in (*_DESCRIPTIONS, "brand") and (content := said(meta.get("content"))):
            told.setdefault(name, content)
    return Layer(
        name="head",
        title=document.name,
        description=next((told[name] for name in _DESCRIPTIONS if name in told), ""),
        brand=told.get("brand", ""),
    )
