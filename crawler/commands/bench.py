"""`scrapy bench`."""

import argparse

from scrapy.commands import bench

from crawler.command_line import prepare_settings
from crawler.downloader.handler import PRIVATE_HOST

_CONCURRENCY = 16


class BenchCommand(bench.Command):
    """Scrapy's command, which measures its own server on this machine: without delay and robots.txt."""

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Read the options."""
        super().process_options(args, opts)
        settings = prepare_settings(self)
        values = {
            PRIVATE_HOST: "localhost",
            "DOWNLOAD_DELAY": 0,
            "ROBOTSTXT_OBEY": False,
            "CONCURRENT_REQUESTS": _CONCURRENCY,
            "CONCURRENT_REQUESTS_PER_DOMAIN": _CONCURRENCY,
        }
        settings.setdict(values, priority="cmdline")
