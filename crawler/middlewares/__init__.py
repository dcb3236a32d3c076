"""middlewares: manners between Scrapy and a shop: robots.txt that says "not now", retries that wait."""
