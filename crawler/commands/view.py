"""`scrapy view`."""

from scrapy.commands import view

from crawler.command_line import UrlCommand


class ViewCommand(UrlCommand, view.Command):
    """Scrapy's command, which may request the host that the user names."""
