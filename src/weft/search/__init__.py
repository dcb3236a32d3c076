"""Search in an embedded catalogue: the index, products in place of photos, and what shops say about them."""
