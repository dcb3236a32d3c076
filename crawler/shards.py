"""Shards: which shops one of several machines crawls; all find the same answer from the same params, without asking."""

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from weft.errors import ShopError
from weft.params import Shop


class Shard(NamedTuple):
    """One of several equal parts."""

    number: int
    """From 1."""
    total: int


SINGLE_SHARD = Shard(1, 1)


def parse_shard(text: str) -> Shard:
    """The shard that "2/3" means.

    Raises:
        ShopError: It is no such thing.
    """
    found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text.strip())
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise ShopError(f"--shard {text}: wanted i/n, the i-th of n machines, such as 1/3")
    return Shard(int(found[1]), int(found[2]))


def select_shops(shard: Shard, shops: Sequence[Shop]) -> list[Shop]:
    """The shops of `shard`, in their order: hosts are dealt out in turn, in the order of their first shops.

    A host is never asked by two machines, and a shop added at the end of the list moves none of the others.
    """
    hosts = list(dict.fromkeys(map(_shop_host, shops)))
    return [shop for shop in shops if hosts.index(_shop_host(shop)) % shard.total == shard.number - 1]


def _shop_host(shop: Shop) -> str:
    """Host and port, as robots.txt and manners go by them; the built-in shops are hosts of their own."""
    return (urlsplit(shop.url).netloc or shop.name).lower().removeprefix("www.")
