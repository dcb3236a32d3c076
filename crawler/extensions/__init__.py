"""extensions: the delay of each host and the limits of a crawl, which Scrapy's signals update."""
