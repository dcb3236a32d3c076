"""`scrapy parse`."""

import argparse
import warnings
from typing import Any, ClassVar

from scrapy.commands import parse
from scrapy.exceptions import ScrapyDeprecationWarning

from crawler.command_line import SpiderCommand, UrlCommand
from crawler.spiders.parse import shop_name


class ParseCommand(SpiderCommand, UrlCommand, parse.Command):
    """Scrapy's command, which saves nothing; of the spider's arguments, name and url may be left out."""

    default_settings: ClassVar[dict[str, Any]] = {"LOGSTATS_INTERVAL": 0}

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Read the options, and complete the arguments of the spider."""
        if args:
            given = [argument.partition("=")[0] for argument in opts.spargs]
            defaults = {"name": shop_name(args[0]), "url": args[0]}
            opts.spargs += [f"{name}={value}" for name, value in defaults.items() if name not in given]
        opts.spider = opts.spider or "shop"
        super().process_options(args, opts)
        assert self.settings is not None
        self.settings["EXTENSIONS"].set("crawler.session.CrawlSession", None, priority="cmdline")
        # Scrapy's command itself does what it warns of.
        warnings.filterwarnings("ignore", ".*Returning Deferreds", ScrapyDeprecationWarning)
