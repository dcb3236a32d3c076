"""What the XML formats of price comparison sites and marketplaces write differently from a Google Merchant feed."""

import re
from typing import Any

from crawler.feeds import prestashop
from crawler.feeds.xml_record import element_to_record, local_name

_PATH_LIMIT = 20
"""Maximum depth of a category."""


class Dialect:
    """A feed whose records need no change."""

    def read_item(self, element: Any) -> dict[str, Any]:
        """Return the record of an item."""
        return self.complete(element_to_record(element))

    def read_outside_items(self, element: Any) -> None:
        """Read an element that is outside the items of the feed."""

    def complete(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return the record of an item with the names and values of a flat record."""
        return record


class Yandex(Dialect):
    """Yandex Market Language: categories are a tree above the offers, and a title can be given in parts."""

    def __init__(self) -> None:
        self._categories: dict[str, tuple[str, str]] = {}

    def read_outside_items(self, element: Any) -> None:
        """Read <category id parentId>, of which the list stands in front of the offers."""
        if local_name(element) == "category" and element.get("id"):
            parent = element.get("parentId") or element.get("parentid") or ""
            self._categories[element.get("id")] = ((element.text or "").strip(), parent)

    def complete(self, record: dict[str, Any]) -> dict[str, Any]:
        """Resolve the category, and make the title of <typePrefix>, <vendor> and <model>."""
        paths = [self._path(identifier) for identifier in record.pop("categoryid", [])]
        parts = (record.get("typeprefix"), record.get("vendor"), record.get("model"))
        title = record.get("name") or [" ".join(part[0] for part in parts if part)]
        # The type of an offer is that of its markup, "vendor.model", and its model is a part of the name.
        kept = {name: value for name, value in record.items() if name not in ("type", "typeprefix", "model")}
        return {**kept, "name": title, "category": [path for path in paths if path]}

    def _path(self, identifier: str) -> str:
        names: list[str] = []
        while identifier in self._categories and len(names) < _PATH_LIMIT:
            name, identifier = self._categories[identifier]
            names.append(name)
        return " > ".join(reversed(names))


class Heureka(Dialect):
    """Heureka and the Czech and Slovak sites that copy it: "Heureka.cz | Women | Dresses" is one category."""

    def complete(self, record: dict[str, Any]) -> dict[str, Any]:
        """Rename the fields and rewrite the category path."""
        paths = [
            " > ".join(step for step in re.split(r"\s*\|\s*", text) if not re.fullmatch(r"heureka\.\w+", step, re.I))
            for text in record.pop("categorytext", [])
        ]
        renamed = {
            "title": record.get("productname") or record.get("product"),
            "image_link": [*record.get("imgurl", []), *record.get("imgurl_alternative", [])],
            "id": record.get("item_id"),
            "item_group_id": record.get("itemgroup_id"),
            "price": record.get("price_vat"),
            "category": paths,
        }
        return {**record, **{name: values for name, values in renamed.items() if values}}


class Ceneo(Dialect):
    """Ceneo: the brand, the GTIN and the part number are attributes with Polish names."""

    def complete(self, record: dict[str, Any]) -> dict[str, Any]:
        """Rename the fields."""
        return {**record, "category": record.get("cat", []), "description": record.get("desc", [])}


class PrestaShop(Dialect):
    """The web service of PrestaShop: texts by language, and photos by their numbers."""

    def read_item(self, element: Any) -> dict[str, Any]:
        """Return the record of a product, whose JSON has the same names."""
        entry: dict[str, Any] = {}
        for part in element:
            texts = [(text.text or "").strip() for text in part if local_name(text) == "language"]
            entry[local_name(part)] = [{"value": text} for text in texts] if texts else (part.text or "").strip()
        numbers = element.iterfind("associations/images/image/id")
        entry["associations"] = {"images": [{"id": (number.text or "").strip()} for number in numbers]}
        return prestashop.to_record(entry)


_DIALECT_BY_ROOT: dict[str, type[Dialect]] = {
    "yml_catalog": Yandex,
    "shop": Heureka,
    "offers": Ceneo,
    "prestashop": PrestaShop,
}


def find_dialect(root_tag: str) -> Dialect:
    """Return the dialect of a feed whose root element is `root_tag`, in lower case."""
    return _DIALECT_BY_ROOT.get(root_tag, Dialect)()
