"""The commands of `weft`, one per file. They stream photos, so memory does not grow with the number of photos."""
