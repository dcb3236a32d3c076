"""Photos: bytes to pixels of the training size, duplicates found, what cannot be used set aside with its reason."""
