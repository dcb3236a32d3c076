"""storage: what a crawl keeps: its state file, the frontier, records, photos, and what the crawl before knew."""
