"""Division of the shops among several machines; every machine computes the same division from the same params.yaml."""

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from weft.errors import ShopError
from weft.params import Shop


class Shard(NamedTuple):
    """One of several equal parts."""

    number: int
    """From 1 to `total`."""
    total: int


SINGLE_SHARD = Shard(1, 1)


def parse_shard(text: str) -> Shard:
    """Parse a shard such as "2/3".

    Raises:
        ShopError: The text is not a shard.
    """
    found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text.strip())
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise ShopError(f"--shard {text}: expected i/n, the i-th of n machines, such as 1/3")
    return Shard(int(found[1]), int(found[2]))


def select_shops(shard: Shard, shops: Sequence[Shop]) -> list[Shop]:
    """Return the shops of `shard` in their order; hosts are assigned round robin, in the order of their first shops.

    Two machines never crawl the same host, and a shop added at the end of the list does not move any other shop.
    """
    hosts = list(dict.fromkeys(map(_shop_host, shops)))
    return [shop for shop in shops if hosts.index(_shop_host(shop)) % shard.total == shard.number - 1]


def _shop_host(shop: Shop) -> str:
    """Return host and port, which robots.txt and delays refer to; every built-in shop is a host of its own."""
    return (urlsplit(shop.url).netloc or shop.name).lower().removeprefix("www.")
