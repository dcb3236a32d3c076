"""`scrapy shell`."""

from scrapy.commands import shell

from crawler.command_line import UrlCommand


class ShellCommand(UrlCommand, shell.Command):
    """Scrapy's command, which may request the host that the user names."""
