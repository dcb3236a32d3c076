"""Ranks: the order in which a shop's URLs are asked, and which count where a limit leaves some out."""

import hashlib

LINKED_OFFSET = 2**62
"""Ranks from here on are of pages that links led to: they come after all that sitemaps and feeds name."""
MAX_PRIORITY = 2**63 - 1
"""No rank is higher."""


def compute_priority(url: str, *, linked: bool) -> int:
    """A place for `url` among those that sitemaps name or links led to, taken from its hash alone."""
    priority = int.from_bytes(hashlib.sha256(url.encode()).digest()[:8], "big") >> 2
    return priority + LINKED_OFFSET if linked else priority
