"""Assign products to splits by a hash of their id, so that added products do not move others."""

import hashlib


def assign_split(product_id: str, val_share: float, test_share: float) -> str:
    """Return the split of a product: "train", "val" or "test".

    Args:
        product_id: "<shop>/<id>".
        val_share: Share of products in val, 0 to 1.
        test_share: Share of products in test, 0 to 1; the two shares sum to at most 1.
    """
    digest = hashlib.sha256(product_id.encode()).digest()
    position = int.from_bytes(digest[:8], "big") / 2**64
    if position < test_share:
        return "test"
    return "val" if position < test_share + val_share else "train"
