"""storage: the state of a crawl: the frontier, extracted records, photos, and the data of the previous crawl."""
