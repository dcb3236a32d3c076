"""`weft serve`: a search page and an HTTP API on one's own catalogue, in one process."""
