"""Convert an item of an XML feed to a record, that is, a mapping of names to values."""

import re
from collections.abc import Iterator
from typing import Any

_GOOGLE_NAMESPACE = "http://base.google.com/ns/1.0"
_RSS_TAGS = frozenset({"title", "link", "description", "id", "summary", "content"})
"""The tags of RSS and Atom that a g: tag of the same name replaces: the plain id of Atom is a URL."""
_PAIR_NAMES = ("attribute_name", "param_name", "name", "key", "label", "title", "code")
_PAIR_VALUES = ("attribute_value", "val", "value", "content", "text")
_ATTRIBUTE_TAGS = frozenset(
    {"param", "product_detail", "attribute", "attr", "feature", "property", "spec", "specification", "a"}
)
_IMAGE_TAG = re.compile(r"^(?:.*_)?(?:image|img|picture|photo|main|thumbnail|enclosure)(?:s|_?url|_link|_?\d+)?$")
_IMAGE_CONTAINER = re.compile(r"^(?:images|imgs|pictures|photos|gallery|media|additional_?images|group)$")
_VARIANT_TAG = re.compile(r"^(?:variant|variation|sku|combination)$")
_IMAGE_FILE = re.compile(r"\.(?:jpe?g|png|webp|gif|avif)(?:[?#]|$)", re.IGNORECASE)
_URL_ATTRIBUTES = ("url", "href", "src")
_MAX_DEPTH = 6


def local_name(element: Any) -> str:
    """Return the tag of an element in lower case without its namespace; "" for a comment."""
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def element_to_record(item: Any) -> dict[str, Any]:
    """Return the record of an item.

    The record has a list of texts for each tag, and, where the item has them, "attributes" (a list of name and value),
    "images" (a list of URLs) and "variants" (a list of records). XML attributes of the item are fields too.
    """
    fields: dict[str, list[Any]] = {}
    plain: dict[str, list[Any]] = {}
    record: dict[str, Any] = {"attributes": [], "images": [], "variants": []}
    for child in item:
        _read_child(child, fields, plain, record, _MAX_DEPTH)
    for name, value in item.attrib.items():
        plain.setdefault(name.rpartition("}")[2].lower(), []).append(value)
    for name, values in plain.items():
        fields.setdefault(name, values)
    return {**fields, **{name: values for name, values in record.items() if values}}


def _read_child(
    child: Any, fields: dict[str, list[Any]], plain: dict[str, list[Any]], record: dict[str, Any], depth: int
) -> None:
    name = local_name(child)
    if name in _ATTRIBUTE_TAGS and (pair := _read_pair(child)):
        record["attributes"].append(pair)
    elif _IMAGE_CONTAINER.match(name) and (len(child) or not (child.text or "").strip()) and name != "content":
        record["images"].extend(_iter_image_urls(child))
    elif _VARIANT_TAG.match(name) and len(child):
        record["variants"].append(element_to_record(child) if depth else {})
    elif name == "link":
        if child.get("rel") in (None, "alternate", "canonical"):
            _target(child, name, fields, plain).setdefault(name, []).append(_text(child) or child.get("href") or "")
    elif not len(child):
        _read_leaf(child, name, fields, plain, record)
    elif depth and all(local_name(part) == "language" for part in child):
        texts = [text for part in child if (text := _text(part))]
        fields.setdefault(name, []).extend(texts[:1])
    elif depth and name.startswith("structured_"):
        content = next((_text(part) for part in child if local_name(part) == "content"), "")
        fields.setdefault(name.removeprefix("structured_"), []).append(content)
    elif depth and _holds_parts(child):
        for part in child:
            _read_child(part, fields, plain, record, depth - 1)
    else:
        _target(child, name, fields, plain).setdefault(name, []).append(_text(child))


def _holds_parts(element: Any) -> bool:
    """Return whether an element is a list of attributes, variants, categories or images, not a value of its own."""
    names = {local_name(part) for part in element}
    parent = local_name(element)
    is_list = len(names) == 1 and parent in {f"{name}s" for name in names} | {f"{name[:-1]}ies" for name in names}
    is_attribute_list = bool(names) and names <= _ATTRIBUTE_TAGS
    return is_list or is_attribute_list or all(map(_VARIANT_TAG.match, names)) or parent in ("attributes", "attrs")


def _read_leaf(
    child: Any, name: str, fields: dict[str, list[Any]], plain: dict[str, list[Any]], record: dict[str, Any]
) -> None:
    text = _text(child)
    url = next((child.get(key) for key in _URL_ATTRIBUTES if child.get(key)), "")
    is_image = (child.get("medium") or child.get("type") or "image").startswith("image")
    looks_like_image = _IMAGE_TAG.match(name) or (name == "content" and _IMAGE_FILE.search(url))
    if url and is_image and looks_like_image:
        record["images"].append(url)
        return
    # Atom: <category term="Dresses"/>
    text = text or child.get("term") or child.get("label") or ""
    if text:
        _target(child, name, fields, plain).setdefault(name, []).append(text)


def _target(child: Any, name: str, fields: dict[str, list[Any]], plain: dict[str, list[Any]]) -> dict[str, list[Any]]:
    is_google = isinstance(child.tag, str) and (
        child.tag.startswith(f"{{{_GOOGLE_NAMESPACE}}}") or child.prefix in ("g", "c")
    )
    return fields if is_google or name not in _RSS_TAGS else plain


def _read_pair(element: Any) -> dict[str, str] | None:
    """Return the name and value of <param name="Colour">Blue</param>, or of an element with both inside."""
    parts = {local_name(part): _text(part) for part in element}
    label = element.get("name") or next((parts[key] for key in _PAIR_NAMES if parts.get(key)), "")
    value = next((parts[key] for key in _PAIR_VALUES if parts.get(key)), "") if parts else _text(element)
    value = value or element.get("value") or ""
    return {"name": label, "value": value} if label and value else None


def _iter_image_urls(element: Any) -> Iterator[str]:
    for part in element.iter():
        url = next((part.get(key) for key in _URL_ATTRIBUTES if part.get(key)), "") or (
            "" if len(part) else (part.text or "").strip()
        )
        kind = part.get("medium") or part.get("type") or "image"
        if url and kind.startswith("image"):
            yield url


def _text(element: Any) -> str:
    return "".join(element.itertext()).strip()
