"""What Scrapy's commands do differently in this project; the commands themselves are in crawler.commands.

A wrong argument is one line on standard error and exit status 2. The host that the user names may be at a private
address. The contact can be given as the setting WEFT_CONTACT.
"""

import argparse
import logging
import sys
from typing import NoReturn
from urllib.parse import urlsplit

from scrapy import Spider
from scrapy.commands import BaseRunSpiderCommand, ScrapyCommand
from scrapy.crawler import Crawler
from scrapy.settings import BaseSettings
from scrapy.spiderloader import get_spider_loader
from scrapy.utils.url import guess_scheme

from crawler.downloader.handler import HAS_CONTACT, PRIVATE_HOST
from crawler.session import find_session
from crawler.spider_args import CONTACT, build_user_agent, is_valid_contact
from weft.errors import EXIT_STATUS, ShopError

FAULT_STATUS = 1
"""Exit status of a crawl that stopped early, or that found no product."""


class UrlCommand(ScrapyCommand):
    """Base class of the commands whose argument is a URL."""

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Read the options, and allow requests to the host that the user named."""
        super().process_options(args, opts)
        settings = prepare_settings(self)
        if args:
            host = urlsplit(guess_scheme(args[0])).hostname or ""
            settings.set(PRIVATE_HOST, host, priority="cmdline")


class SpiderCommand(BaseRunSpiderCommand):
    """Base class of the commands that run a spider; it checks the spider's arguments before anything starts."""

    _spider_args: dict[str, str]
    _spider_crawler: Crawler | None = None

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Read the options."""
        super().process_options(args, opts)
        settings = prepare_settings(self)
        self._spider_args = opts.spargs
        # A file is a spider for `scrapy runspider`, which loads it later.
        if args and not args[0].endswith(".py"):
            name = getattr(opts, "spider", None) or args[0]
            try:
                self._check_arguments(get_spider_loader(settings).load(name))
            except KeyError:
                exit_with_error(f"spider {name}: expected one of those that `scrapy list` prints")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the spider, and set the exit status."""
        super().run(args, opts)  # type: ignore[safe-super]
        session = find_session(self._spider_crawler) if self._spider_crawler and self._spider_crawler.spider else None
        if session is not None and session.has_fault:
            self.exitcode = FAULT_STATUS

    def _create_crawler(self, spidercls: type[Spider] | str) -> Crawler:
        self._spider_crawler = super()._create_crawler(spidercls)
        self._check_arguments(self._spider_crawler.spidercls)
        return self._spider_crawler

    def _check_arguments(self, spidercls: type[Spider]) -> None:
        check_arguments = getattr(spidercls, "check_arguments", None)
        if check_arguments is None:
            return
        try:
            check_arguments(self._spider_args)
        except ShopError as error:
            exit_with_error(error)


def prepare_settings(command: ScrapyCommand) -> BaseSettings:
    """Return the settings of a command, after the contact is put into the user agent and the log is made shorter."""
    settings = command.settings
    assert settings is not None
    contact = settings.get(CONTACT) or ""
    if contact:
        if not is_valid_contact(contact):
            exit_with_error(f"-s {CONTACT}={contact}: expected your mail or web address, such as you@yourshop.com")
        settings.set(HAS_CONTACT, True, priority="cmdline")
        settings.set("USER_AGENT", build_user_agent(contact), priority="cmdline")
    if settings["LOG_LEVEL"] != "DEBUG":
        for name in ("scrapy.crawler", "scrapy.middleware", "scrapy.addons"):
            logging.getLogger(name).addFilter(_is_not_list)
    return settings


def exit_with_error(message: object) -> NoReturn:
    """Print an error as one line and exit with status 2."""
    sys.stderr.write(" ".join(f"error: {message}".splitlines()) + "\n")
    sys.exit(EXIT_STATUS)


def _is_not_list(record: logging.LogRecord) -> bool:
    """Return whether a message is not one of Scrapy's lists of settings and components."""
    return not str(record.msg).startswith(("Overridden settings:", "Enabled "))
