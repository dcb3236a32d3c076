"""Join the pages that show one product: its variants on pages of their own, and its translations.

A family is a set of product ids. Pages claim to belong together by links, see crawler.extract.relations; a claim counts
if it leads to a page of a product and if there is evidence for it. Pages whose group is unknown belong together if
their names agree without colour and size, and they have the same gallery, the same SKU or a common stem of SKUs.
"""

import hashlib
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from crawler.extract.relations import X_DEFAULT, Relations
from crawler.values.value_parsing import parse_language
from crawler.values.variant_names import (
    count_words,
    is_variant_name,
    name_core,
    sku_stem,
    variant_values,
)

_MIN_SKU_LENGTH = 4


class _Claim(NamedTuple):
    """A page says that another page is of the same product."""

    group: str
    """The id of the product over all its variants, or of the page that names a translation."""
    member: str
    needs_evidence: bool


@dataclass(frozen=True)
class Families:
    """The families with more than one member."""

    first_member: dict[str, str] = field(default_factory=dict)
    """By product_id, the member whose id and texts the product has."""
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By first member, all members in the order of precedence."""

    def find_id(self, product_id: str) -> str:
        """Return the id of the product that `product_id` is a page of."""
        return self.first_member.get(product_id, product_id)

    def find_members(self, product_id: str) -> tuple[str, ...]:
        """Return the ids whose pages show the product with this id, in the order of precedence."""
        return self.members.get(product_id, (product_id,))


def find_families(db: sqlite3.Connection, table: str = "products", start_language: str = "") -> Families:
    """Return the families of one crawl; the result does not depend on the order in which pages were read.

    Args:
        db: The state file.
        table: products, or previous_products for those of the previous crawl.
        start_language: The language of the start page, whose texts are preferred; "" if it is unknown.
    """
    finder = _FamilyFinder(db, table)
    finder.add_claims()
    finder.add_matches()
    return finder.build(start_language)


def count_products(db: sqlite3.Connection) -> int:
    """Return the number of products; the pages of one family count once."""
    families = find_families(db)
    ids = (str(row[0]) for row in db.execute("SELECT DISTINCT product_id FROM products"))
    return len({families.find_id(product_id) for product_id in ids})


class _FamilyFinder:
    def __init__(self, db: sqlite3.Connection, table: str) -> None:
        self._db, self._table = db, table
        self._roots: dict[str, str] = {}
        self._group_votes: Counter[str] = Counter()
        """By product_id, how many pages say that it is the whole product."""
        self._languages: dict[str, str] = {}
        """By product_id, the language that hreflang states for its page."""
        self._x_defaults: set[str] = set()
        self._language_positions: dict[str, int] = {}
        """By language, its lowest position in the lists of languages."""

    def add_claims(self) -> None:
        """Join the ids of pages that name each other."""
        claims: set[_Claim] = set()
        pages_by_group_url: dict[str, str] = {}
        rows = self._db.execute(
            f"SELECT product_id, relations FROM {self._table} WHERE relations != '' ORDER BY page_url"
        )
        for product_id, text in rows.fetchall():
            relations = Relations.from_json(text)
            for url in relations.groups:
                # Pages of one group are joined even if the page of the group itself was not read.
                self._join(product_id, pages_by_group_url.setdefault(url, product_id))
            claims.update(self._iter_claims(product_id, relations))
            self._read_translations(product_id, relations.translations)
        if self._table == "products":
            self._add_sitemap_translations()
        facts = self._read_facts({product_id for claim in claims for product_id in claim[:2]})
        for claim in sorted(claims):
            group, member = facts.get(claim.group), facts.get(claim.member)
            if group and member and (not claim.needs_evidence or _is_variant(member, group)):
                self._join(claim.group, claim.member)
                self._group_votes[claim.group] += 1

    def _iter_claims(self, product_id: str, relations: Relations) -> Iterator[_Claim]:
        groups = [(url, False) for url in relations.groups] + [(relations.breadcrumb, True)]
        variants = [(url, False) for url in relations.variants] + [(url, True) for url in relations.variant_links]
        for url, needs_evidence in groups:
            if (group := self._product_of(url)) and group != product_id:
                yield _Claim(group, product_id, needs_evidence)
        for url, needs_evidence in variants:
            if (variant := self._product_of(url)) and variant != product_id:
                yield _Claim(product_id, variant, needs_evidence)

    def _add_sitemap_translations(self) -> None:
        rows = self._db.execute(
            "SELECT product_id, language, url FROM sitemap_translations AS s JOIN products AS p USING (page_url)"
            " WHERE product_json != '' ORDER BY page_url, language"
        )
        for product_id, code, url in rows.fetchall():
            language = code.lower() if code.lower() == X_DEFAULT else parse_language(code)
            self._read_translations(product_id, ((language, url),))

    def _read_translations(self, product_id: str, translations: Iterable[tuple[str, str]]) -> None:
        for position, (language, url) in enumerate(translations):
            known_position = self._language_positions.get(language, position)
            self._language_positions[language] = min(position, known_position)
            translation = self._product_of(url)
            if not translation:
                continue
            if language == X_DEFAULT:
                self._x_defaults.add(translation)
            elif language:
                self._languages.setdefault(translation, language)
            self._join(product_id, translation)

    def _product_of(self, url: str) -> str:
        """Return the id of the product that the page at `url` shows, "" if it is not a page of a product."""
        row = self._db.execute(
            f"SELECT product_id FROM {self._table} WHERE page_url = ? AND product_json != ''", (url,)
        ).fetchone()
        return str(row[0]) if row else ""

    def _read_facts(self, product_ids: Iterable[str]) -> dict[str, "_Facts"]:
        query = f"SELECT min(page_url), product_json FROM {self._table} WHERE product_id = ? AND product_json != ''"
        rows = ((product_id, self._db.execute(query, (product_id,)).fetchone()) for product_id in product_ids)
        return {product_id: _Facts.from_json(row[1]) for product_id, row in rows if row and row[1]}

    def add_matches(self) -> None:
        """Join the ids whose pages agree in their names and in a SKU, a group id, or all photos."""
        by_key: dict[bytes, str] = {}
        stems_of_gallery: defaultdict[bytes, set[bytes]] = defaultdict(set)
        by_gallery: defaultdict[bytes, list[str]] = defaultdict(list)
        skus: dict[str, str] = {}
        group_ids: dict[str, str] = {}
        seen = ""
        rows = self._db.execute(
            f"SELECT product_id, product_json FROM {self._table} WHERE product_json != '' ORDER BY product_id, page_url"
        )
        for product_id, body in rows:
            if product_id == seen:
                continue
            seen = product_id
            facts = _Facts.from_json(body)
            for key in facts.keys:
                self._join(product_id, by_key.setdefault(_digest(repr(key)), product_id))
            if facts.gallery:
                stems_of_gallery[facts.gallery_digest].add(_digest(" ".join(facts.stem) or facts.title.casefold()))
                if facts.stem:
                    by_gallery[facts.gallery_digest].append(product_id)
            if facts.sku:
                skus.setdefault(facts.sku, product_id)
            if facts.group_id:
                self._join(product_id, group_ids.setdefault(facts.group_id, product_id))
        for gallery, product_ids in by_gallery.items():
            # A gallery of products with different names is a placeholder.
            if len(stems_of_gallery[gallery]) == 1:
                for product_id in product_ids:
                    self._join(product_id, product_ids[0])
        for group_id, product_id in group_ids.items():
            if (group := skus.get(group_id)) and group != product_id:
                self._join(product_id, group)
                self._group_votes[group] += 1

    def build(self, start_language: str) -> Families:
        """Return the families, each with the group first, then the pages in the preferred language."""
        members: defaultdict[str, list[str]] = defaultdict(list)
        for product_id in sorted(self._roots):
            members[self._find_root(product_id)].append(product_id)

        facts = self._read_facts(id_ for ids in members.values() if len(ids) > 1 for id_ in ids)

        def precedence(product_id: str) -> tuple[object, ...]:
            language = self._languages.get(product_id) or facts[product_id].language
            return (
                bool(start_language) and language != start_language,
                product_id not in self._x_defaults,
                self._language_positions.get(language, 0),
                -self._group_votes[product_id],
                product_id,
            )

        ordered = [tuple(sorted(ids, key=precedence)) for ids in members.values() if len(ids) > 1]
        return Families(
            first_member={product_id: ids[0] for ids in ordered for product_id in ids},
            members={ids[0]: ids for ids in ordered},
        )

    def _join(self, one: str, other: str) -> None:
        if one != other:
            roots = sorted((self._find_root(one), self._find_root(other)))
            self._roots[roots[0]] = self._roots[roots[1]] = roots[0]

    def _find_root(self, product_id: str) -> str:
        root = product_id
        while (parent := self._roots.get(root, root)) != root:
            root = parent
        self._roots[product_id] = root
        return root


@dataclass(frozen=True)
class _Facts:
    """What one page says about its product."""

    title: str
    values: tuple[str, ...]
    gallery: frozenset[str]
    sku: str
    group_id: str
    language: str

    @classmethod
    def from_json(cls, body: str) -> "_Facts":
        product: dict[str, Any] = json.loads(body)
        attributes = ((attribute["name"], attribute["value"]) for attribute in product["attributes"])
        return cls(
            title=product["title"],
            values=tuple(variant_values(product["colour"], attributes)),
            gallery=frozenset(photo["url"] for photo in product["photos"]),
            sku=product["sku"] or "",
            group_id=product["group_id"] or "",
            language=product["language"] or "",
        )

    @cached_property
    def stem(self) -> tuple[str, ...]:
        return name_core(self.title, self.values)

    @property
    def names_variant(self) -> bool:
        """Whether the name has a colour or a size that tells the variant."""
        return len(self.stem) < count_words(self.title)

    @cached_property
    def gallery_digest(self) -> bytes:
        return _digest("\n".join(sorted(self.gallery)))

    @property
    def keys(self) -> Iterator[tuple[object, ...]]:
        """Two products with one of these keys in common are variants of one product."""
        if len(self.sku) >= _MIN_SKU_LENGTH and any(map(str.isdigit, self.sku)):
            if self.gallery:
                yield "sku and photos", self.sku, self.gallery_digest
            yield "sku and name", self.sku, self.stem or self.title.casefold()
        if not self.stem:
            return
        # The same name in two products is no evidence: many products are just "Black dress".
        if self.names_variant and (sku := sku_stem(self.sku)):
            yield "sku stem", sku, self.stem


def _is_variant(member: _Facts, group: _Facts) -> bool:
    """Return whether a claim is plausible: the names agree, or one gallery contains the other."""
    if is_variant_name(member.title, group.title, member.values):
        return True
    shared = member.gallery & group.gallery
    return bool(shared) and shared in (member.gallery, group.gallery)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=8).digest()
