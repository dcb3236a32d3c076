"""`scrapy fetch`."""

from scrapy.commands import fetch

from crawler.command_line import UrlCommand


class FetchCommand(UrlCommand, fetch.Command):
    """Scrapy's command, which may request the host that the user names."""
