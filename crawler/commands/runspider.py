"""`scrapy runspider`."""

from scrapy.commands import runspider

from crawler.command_line import SpiderCommand


class RunSpiderCommand(SpiderCommand, runspider.Command):
    """Scrapy's command with the exit statuses of this project."""
