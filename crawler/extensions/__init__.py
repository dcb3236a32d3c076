"""extensions: what Scrapy calls on its signals: how fast each host is asked, and when a crawl has had enough."""
