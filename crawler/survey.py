"""Survey: a finished crawl in numbers, before any of it is written."""

import hashlib
from collections import Counter
from dataclasses import dataclass

from crawler.cuts import Cuts
from crawler.outcomes import PAGE, PHOTO
from crawler.snapshot import Snapshot
from weft.params.gate import COVERED


@dataclass(frozen=True)
class Placeholder:
    """One picture that many products show: no photo of any of them."""

    sha256: str
    products: int
    url: str
    """One of its addresses, the first by name."""


@dataclass(frozen=True)
class Survey:
    """One shop's crawl in numbers."""

    shop: str
    counts: Counter[str]
    """products, with_<field>, photos_named, photos (had and no placeholder), photos_placeholder,
    pages_without_product, withdrawn."""
    placeholders: tuple[Placeholder, ...]
    """Sorted by sha256."""
    same_title: tuple[str, int]
    """The title that most products bear, and how many bear it."""
    failures: Counter[str]
    """By "kind: reason"."""
    asked: dict[str, int]
    """By kind of failure (page, photo), how many URLs were asked; a photo of two products counts twice."""
    cut: dict[str, Cuts]
    """By reason, the pages that were not asked because they are traps."""
    limit_reached: str
    """The limit that kept some of the shop from being asked, "" for none."""

    def share(self, field: str) -> float:
        """The share of products that have `field`, one of COVERED; 0 where there is no product."""
        return round(self.counts[f"with_{field}"] / max(1, self.counts["products"]), 4)

    @property
    def photos_per_product(self) -> float:
        """Photos that were had and are no placeholder."""
        return round(self.counts["photos"] / max(1, self.counts["products"]), 3)

    @property
    def dropped(self) -> frozenset[str]:
        """The digests of placeholders."""
        return frozenset(placeholder.sha256 for placeholder in self.placeholders)


def survey(snapshot: Snapshot, placeholder_products: int) -> Survey:
    """Count what a crawl brought home, in one pass that keeps a few bytes per product and photo.

    Args:
        snapshot: The crawl.
        placeholder_products: A photo shown by at least so many products is a placeholder; 0 takes none for one.
    """
    counts: Counter[str] = Counter()
    showing: Counter[bytes] = Counter()
    shown: Counter[bytes] = Counter()
    titles: Counter[bytes] = Counter()
    same_title = ("", 0)
    for product in snapshot.products():
        counts["products"] += 1
        counts.update(f"with_{field}" for field in COVERED if getattr(product, field))
        counts["photos_named"] += len(product.photos)
        digests = [bytes.fromhex(d) for photo in product.photos if (d := snapshot.photo_digest(photo.url))]
        shown.update(digests)
        showing.update(set(digests))
        title = hashlib.sha256(product.title.strip().casefold().encode()).digest()[:8]
        titles[title] += 1
        if titles[title] > same_title[1]:
            same_title = (product.title, titles[title])
    common = sorted(digest for digest, number in showing.items() if 0 < placeholder_products <= number)
    counts["photos_placeholder"] = sum(shown[digest] for digest in common)
    counts["photos"] = shown.total() - counts["photos_placeholder"]
    counts["pages_without_product"] = snapshot.pages_without_product()
    counts["withdrawn"] = sum(1 for _ in snapshot.withdrawn())
    return Survey(
        shop=snapshot.shop,
        counts=counts,
        placeholders=tuple(Placeholder(d.hex(), showing[d], snapshot.address(d.hex())) for d in common),
        same_title=same_title,
        failures=Counter(f"{failure.kind}: {failure.reason}" for failure in snapshot.failures()),
        asked={PAGE: snapshot.pages_asked(), PHOTO: counts["photos_named"]},
        cut=snapshot.cut(),
        limit_reached=snapshot.limit_reached,
    )
