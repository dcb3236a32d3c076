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
_IMAGE_CONTAINER = re.compile(r"^(?:images?|imgs|pictures?|photos?|gallery|media|additional_?images|group)$")
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

    The record has a list of texts for each tag, and, where the item has them, "attributes" (a list of name and value)
    and "images" (a list of URLs). XML attributes of the item are fields too. Variants inside the item are left out:
    they repeat it in other sizes.
    """
    reader = _ItemReader()
    for child in item:
        reader.read(child, _MAX_DEPTH)
    for name, value in item.attrib.items():
        reader.plain.setdefault(name.rpartition("}")[2].lower(), []).append(value)
    record: dict[str, Any] = dict(reader.fields)
    for name, values in reader.plain.items():
        record.setdefault(name, values)
    lists = {"attributes": reader.attributes, "images": reader.images}
    return record | {name: values for name, values in lists.items() if values}


class _ItemReader:
    """Collects what the elements of one item say."""

    def __init__(self) -> None:
        self.fields: dict[str, list[str]] = {}
        self.plain: dict[str, list[str]] = {}
        """The fields that one of `fields` of the same name replaces."""
        self.attributes: list[dict[str, str]] = []
        self.images: list[str] = []

    def read(self, element: Any, depth: int) -> None:
        """Read one element, and at most `depth` levels of lists inside it."""
        name = local_name(element)
        if name in _ATTRIBUTE_TAGS and (pair := _read_pair(element)):
            self.attributes.append(pair)
        elif _IMAGE_CONTAINER.match(name) and (len(element) or not (element.text or "").strip()):
            self.images.extend(_iter_image_urls(element))
        elif _VARIANT_TAG.match(name) and len(element):
            return
        elif name == "link":
            if element.get("rel") in (None, "alternate", "canonical"):
                self._add(element, _text(element) or element.get("href") or "")
        elif not len(element):
            self._read_leaf(element, name)
        elif depth and all(local_name(part) == "language" for part in element):
            texts = [text for part in element if (text := _text(part))]
            self.fields.setdefault(name, []).extend(texts[:1])
        elif depth and name.startswith("structured_"):
            content = next((_text(part) for part in element if local_name(part) == "content"), "")
            self.fields.setdefault(name.removeprefix("structured_"), []).append(content)
        elif depth and _holds_parts(element):
            for part in element:
                self.read(part, depth - 1)
        else:
            self._add(element, _text(element))

    def _read_leaf(self, element: Any, name: str) -> None:
        url = next((element.get(key) for key in _URL_ATTRIBUTES if element.get(key)), "")
        is_image = (element.get("medium") or element.get("type") or "image").startswith("image")
        looks_like_image = _IMAGE_TAG.match(name) or (name == "content" and _IMAGE_FILE.search(url))
        if url and is_image and looks_like_image:
            self.images.append(url)
        # Atom: <category term="Dresses"/>
        elif text := _text(element) or element.get("term") or element.get("label") or "":
            self._add(element, text)

    def _add(self, element: Any, text: str) -> None:
        name = local_name(element)
        is_google = isinstance(element.tag, str) and (
            element.tag.startswith(f"{{{_GOOGLE_NAMESPACE}}}") or element.prefix in ("g", "c")
        )
        target = self.fields if is_google or name not in _RSS_TAGS else self.plain
        target.setdefault(name, []).append(text)


def _holds_parts(element: Any) -> bool:
    """Return whether an element is a list of attributes, variants, categories or images, not a value of its own."""
    names = {local_name(part) for part in element}
    parent = local_name(element)
    is_list = len(names) == 1 and parent in {f"{name}s" for name in names} | {f"{name[:-1]}ies" for name in names}
    is_attribute_list = bool(names) and names <= _ATTRIBUTE_TAGS
    return is_list or is_attribute_list or all(map(_VARIANT_TAG.match, names)) or parent in ("attributes", "attrs")


def _read_pair(element: Any) -> dict[str, str] | None:
    """Return the name and value of <param name="Colour">Blue</param>, or of an element with both inside."""
    parts = {local_name(part): _text(part) for part in element}
    label = element.get("name") or next((parts[key] for key in _PAIR_NAMES if parts.get(key)), "")
    value = next((parts[key] for key in _PAIR_VALUES if parts.get(key)), "") if parts else _text(element)
    value = value or element.get("value") or ""
    return {"name": label, "value": value} if label and value else None


def _iter_image_urls(element: Any) -> Iterator[str]:
    for part in element.iter():
        text = "" if len(part) else (part.text or "").strip()
        url = next((part.get(key) for key in _URL_ATTRIBUTES if part.get(key)), "") or (
            text if re.search("[/.]", text) and " " not in text else ""
        )
        kind = part.get("medium") or part.get("type") or "image"
        if url and kind.startswith("image"):
            yield url


def _text(element: Any) -> str:
    return "".join(element.itertext()).strip()
