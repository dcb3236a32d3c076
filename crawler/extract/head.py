"""The plain head of a page, title and meta description: the last to be asked."""

from crawler.extract.document import Document, clean_text
from crawler.extract.layer import ExtractedFields

_DESCRIPTION_META_NAMES = ("description", "twitter:description")


def extract_head(document: Document) -> ExtractedFields:
    """What the title tag and the meta description say."""
    contents: dict[str, str] = {}
    for meta in document.tree.iter("meta"):
        name = (meta.get("name") or meta.get("property") or "").lower()
        if name in (*_DESCRIPTION_META_NAMES, "brand") and (content := clean_text(meta.get("content"))):
            contents.setdefault(name, content)
    return ExtractedFields(
        source="head",
        title=document.title,
        description=next((contents[name] for name in _DESCRIPTION_META_NAMES if name in contents), ""),
        brand=contents.get("brand", ""),
    )
