"""middlewares: checks between Scrapy and a shop: robots.txt, redirects, size limits, opt-outs, retries, encodings."""
