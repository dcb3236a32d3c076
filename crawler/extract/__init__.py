"""extract: a page's HTML and URL to a Product. Pure: no network, no files, no Scrapy; one file per layer."""
