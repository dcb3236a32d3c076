"""The baseline of benchmarks/crawl.py: Scrapy's sitemap spider and FilesPipeline, which read JSON-LD only."""

import json
from collections.abc import Iterator
from typing import Any

from scrapy.http import Response
from scrapy.spiders import SitemapSpider


class BareSpider(SitemapSpider):
    """scrapy runspider benchmarks/bare_spider.py -a sitemap=URL -s FILES_STORE=FOLDER -o items.jsonl."""

    name = "bare"
    custom_settings = {  # noqa: RUF012 (Scrapy reads this attribute)
        "ITEM_PIPELINES": {"scrapy.pipelines.files.FilesPipeline": 1},
        "CONCURRENT_REQUESTS": 16,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
        "DOWNLOAD_DELAY": 0,
        "TELNETCONSOLE_ENABLED": False,
        "LOG_LEVEL": "INFO",
    }

    def __init__(self, sitemap: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.sitemap_urls = [sitemap]

    def parse(self, response: Response) -> Iterator[dict[str, Any]]:
        """Yield the product of the page's JSON-LD."""
        for text in response.css('script[type="application/ld+json"]::text').getall():
            node = json.loads(text)
            if node.get("@type") == "Product":
                yield {**node, "file_urls": node["image"]}
