"""Extract a product from the HTML of a page. No network access, no files, no Scrapy."""
