"""`scrapy crawl`."""

from typing import Any, ClassVar

from scrapy.commands import crawl

from crawler.command_line import SpiderCommand


class CrawlCommand(SpiderCommand, crawl.Command):
    """Scrapy's command with the exit statuses of this project, and progress every ten seconds."""

    default_settings: ClassVar[dict[str, Any]] = {"LOGSTATS_INTERVAL": 10.0}
