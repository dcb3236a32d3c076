"""Politeness: user agent, delays, robots.txt, opt-outs; and the encoding of pages."""

from ipaddress import ip_address
from pathlib import Path
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.core.downloader import Slot
from scrapy.http import HtmlResponse, Request
from scrapy.settings import Settings

from crawler import settings as crawl_settings
from crawler import spider_args
from crawler.decoding.text_encoding import detect_encoding
from crawler.extensions.throttle import Throttle, next_delay
from crawler.middlewares.opt_out import is_page_opted_out, parse_x_robots_tag
from crawler.middlewares.retry import parse_retry_after
from crawler.middlewares.robotstxt import is_unreachable
from crawler.page.images import is_image
from weft import params
from weft.errors import ParamsError, ShopError


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (b"7", 7.0),
        (b"Thu, 01 Jan 1970 00:01:40 GMT", 90.0),
        (b"Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        (b"9" * 400, 999_999_999_999.0),
        ("\N{SUPERSCRIPT TWO}".encode("latin-1"), None),
        (b"Fri, 99 Foo 99999 99:99:99 GMT", None),
        (b"-5", None),
        (b"soon", None),
        (None, None),
    ],
)
def test_parse_retry_after_reads_seconds_and_dates(header: bytes | None, seconds: float | None) -> None:
    assert parse_retry_after(header, now=10.0) == seconds


@given(st.binary(max_size=60))
def test_parse_retry_after_never_raises(header: bytes) -> None:
    assert (parse_retry_after(header, now=10.0) or 0.0) >= 0.0


def test_only_429_and_5xx_make_robots_txt_unreachable() -> None:
    assert [status for status in (200, 301, 401, 403, 404, 410, 429, 500, 503) if is_unreachable(status)] == [
        429,
        500,
        503,
    ]


@pytest.mark.parametrize(
    ("body", "photo"),
    [
        (b"\xff\xd8\xff\xe0", True),
        (b"\x89PNG\r\n\x1a\n", True),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", True),
        (b"\x00\x00\x00\x1cftypavif", True),
        (b"<svg xmlns=", False),
        (b"<!doctype html>", False),
        (b"", False),
    ],
)
def test_photos_are_recognised_by_their_first_bytes(body: bytes, photo: bool) -> None:
    assert is_image(body) is photo


@pytest.mark.parametrize(
    ("contact", "is_valid"),
    [
        ("anna@shop.com", True),
        ("https://weft.dev/bot", True),
        ("crawler@example.com", False),
        ("a@sub.example.org", False),
        ("https://example.net/bot", False),
        ("me@localhost", False),
        ("me", False),
        ("", False),
        ("a@b.com)\r\nX-Evil: 1", False),
        ("é@shop.com", False),
        ("me@examples.com", True),
    ],
)
def test_contact_must_be_a_mail_or_web_address_other_than_the_example(contact: str, is_valid: bool) -> None:
    assert spider_args.is_valid_contact(contact) is is_valid
    assert (contact in spider_args.build_user_agent(contact) and bool(contact)) is is_valid


def make_crawl_settings(*shops: params.Shop, contact: str = "crawler@example.com", delay: float = 0.0) -> params.Crawl:
    demo = params.Demo(num_products=9, seed=1)
    return params.Crawl(snapshot=1, shops=shops, delay=delay, concurrency=4, demo=demo, contact=contact)


PUBLIC_SHOP = params.Shop(name="far", url="https://shop.example/")
PRIVATE_SHOP = params.Shop(name="near", url="http://10.0.0.5/", allow_private_network=True)
DEMO_SHOP = params.Shop(name="demo", url="demo:jsonld")


def test_public_shops_require_a_contact() -> None:
    with pytest.raises(ParamsError, match=r"crawl\.contact: expected .* to crawl far, got 'crawler@example\.com'"):
        spider_args.check_contact(make_crawl_settings(DEMO_SHOP, PUBLIC_SHOP, PRIVATE_SHOP))
    spider_args.check_contact(make_crawl_settings(DEMO_SHOP, PRIVATE_SHOP))
    spider_args.check_contact(make_crawl_settings(PUBLIC_SHOP, contact="anna@shop.com"))


def test_public_hosts_have_a_delay_of_one_second_unless_the_shop_sets_its_own() -> None:
    assert spider_args.build_politeness_args(PUBLIC_SHOP, make_crawl_settings(PUBLIC_SHOP))["delay"] == "1.0"
    assert spider_args.build_politeness_args(PUBLIC_SHOP, make_crawl_settings(PUBLIC_SHOP))["private_delay"] == "0.0"
    assert spider_args.build_politeness_args(PUBLIC_SHOP, make_crawl_settings(PUBLIC_SHOP, delay=3.0))["delay"] == "3.0"
    quick = params.Shop(name="far", url="https://shop.example/", delay=0.25)
    assert spider_args.build_politeness_args(quick, make_crawl_settings(quick, delay=3.0))["delay"] == "0.25"


def test_arguments_become_scrapy_settings() -> None:
    settings, arguments = Settings(), {"url": "http://Shop.example:81/x", "max_products": "3"}
    arguments |= {
        "delay": "2",
        "concurrency": "3",
        "connect_to": "http://127.0.0.1:1",
        "allow_private_network": "1",
        "contact": "a@b.org",
    }
    spider_args.apply_spider_args(settings, arguments)
    assert arguments == {"url": "http://Shop.example:81/x", "max_products": "3"}
    assert settings.getfloat("DOWNLOAD_DELAY") == 2
    assert settings.getint("CONCURRENT_REQUESTS") == 3
    assert settings["WEFT_PRIVATE_HOST"] == "shop.example"
    assert settings["WEFT_CONNECT_TO"] == {"shop.example:81": "http://127.0.0.1:1"}
    assert settings["USER_AGENT"] == "WeftBot/0.1 (+a@b.org; product crawler; obeys robots.txt)"


def test_server_of_an_international_host_name_is_found_by_its_ascii_form() -> None:
    settings = Settings()
    spider_args.apply_spider_args(settings, {"url": "http://müller-mode.example/", "connect_to": "http://127.0.0.1:1"})
    assert settings["WEFT_CONNECT_TO"] == {"xn--mller-mode-9db.example": "http://127.0.0.1:1"}


@pytest.mark.parametrize(
    ("name", "text"), [("delay", "fast"), ("delay", "-1"), ("delay", "nan"), ("allow_private_network", "2")]
)
def test_invalid_argument_is_named_in_the_error(name: str, text: str) -> None:
    with pytest.raises(ShopError, match=f"-a {name}={text}: expected"):
        spider_args.apply_spider_args(Settings(), {"url": "http://shop.example/", name: text})


def test_scrapy_command_has_polite_defaults() -> None:
    assert (crawl_settings.DOWNLOAD_DELAY, crawl_settings.DOWNLOAD_DELAY_JITTER) == (1.0, 0.0)
    assert crawl_settings.ROBOTSTXT_OBEY
    assert "crawler.extensions.throttle.Throttle" in crawl_settings.EXTENSIONS
    assert not crawl_settings.TELNETCONSOLE_ENABLED


@pytest.mark.parametrize(
    ("delay", "min_delay", "latency", "after"),
    [
        (1.0, 1.0, 0.1, 1.0),  # fast host: the minimum delay
        (1.0, 1.0, 4.0, 4.0),  # slow host: its latency at once
        (8.0, 1.0, 2.0, 5.0),  # recovering host: half way
        (1.0, 1.0, 900.0, 60.0),  # the latency is bounded by the maximum delay
        (90.0, 90.0, 0.1, 90.0),  # a Crawl-delay is never shortened
        (0.02, 0.0, 0.3, 0.01),  # host without a delay: it decreases to 0
        (0.01, 0.0, 0.3, 0.0),
        (0.0, 0.0, 0.3, 0.0),
    ],
)
def test_delay_decreases_to_what_the_host_needs(delay: float, min_delay: float, latency: float, after: float) -> None:
    assert next_delay(delay, min_delay, latency, max_delay=60.0) == after


@pytest.mark.parametrize(
    ("value", "directives"),
    [
        ("noai, noimageai", {"noai", "noimageai"}),
        ("NoIndex", {"noindex"}),
        ("otherbot: noindex, noai", set()),
        ("otherbot: noindex, weftbot: noai", {"noai"}),
        ("otherbot: noindex, *: none", {"none"}),
        ("max-image-preview: large, noai", {"max-image-preview:", "large", "noai"}),
        ("unavailable_after: 25 Jun 2010 15:00:00 PST", {""}),
        ("", {""}),
    ],
)
def test_x_robots_tag_directives_for_other_robots_are_ignored(value: str, directives: set[str]) -> None:
    assert parse_x_robots_tag(value) == directives


@pytest.mark.parametrize(
    ("head", "reserved"),
    [
        ("<meta name='robots' content='noai'>", True),
        ("<META CONTENT=noimageai NAME=ROBOTS>", True),
        ("<meta name=weftbot content='index, noai'>", True),
        ("<meta name=otherbot content=noai>", False),
        ("<meta name=robots content='noindex, nofollow'>", False),
        ("<meta name=tdm-reservation content='1'>", True),
        ("<meta name=tdm-reservation content='0'>", False),
        ("<p>noai</p>", False),
    ],
)
def test_page_opts_out_by_a_meta_tag(head: str, reserved: bool) -> None:
    page = HtmlResponse("http://shop.example/", body=f"<head>{head}</head>".encode())
    assert is_page_opted_out(page) is reserved


@pytest.mark.parametrize(
    ("body", "content_type", "encoding"),
    [
        (b"plain", "text/html", "utf-8"),
        ("été".encode(), "text/html; charset=iso-8859-1", "utf-8"),
        ("été".encode()[:-1], "text/html; charset=iso-8859-1", "utf-8"),
        ("été".encode("latin-1"), "text/html; charset=utf-8", "cp1252"),
        (b"<meta charset=windows-1251>" + "платье".encode("cp1251"), "text/html", "cp1251"),
        ("платье и платье".encode() + b"\xff", "text/html; charset=utf-8", "utf-8"),
        ("赤い".encode("iso2022_jp"), "text/html; charset=iso-2022-jp", "iso2022_jp"),
        ("été".encode("latin-1"), "text/html; charset=punycode", "cp1252"),
        ("été".encode("utf-16"), "text/html; charset=utf-8", "utf-16-le"),
    ],
)
def test_detect_encoding_prefers_the_bytes(body: bytes, content_type: str, encoding: str) -> None:
    assert detect_encoding(body, content_type) == encoding


@given(st.binary(max_size=80), st.text(max_size=40))
def test_detect_encoding_accepts_any_bytes(body: bytes, content_type: str) -> None:
    assert isinstance(body.decode(detect_encoding(body, content_type), errors="replace"), str)


class FakeEngine:
    """The part of Scrapy's downloader that Throttle uses: its slots."""

    def __init__(self, host: str, delay: float) -> None:
        self.downloader = self
        self.slots = {host: Slot(4, delay, 0.0)}
        self.per_slot_settings: dict[str, dict[str, float]] = {}
        self.engine = self
        self.settings = Settings({"DOWNLOAD_DELAY": delay, "WEFT_PRIVATE_DELAY": 0.0, "AUTOTHROTTLE_MAX_DELAY": 60.0})

    def _process_queue(self, slot: Slot) -> None:
        pass


def make_response(address: str, latency: float = 0.0) -> tuple[HtmlResponse, Request]:
    url = "http://shop.example/"
    request = Request(url, meta={"download_slot": "shop.example", "download_latency": latency})
    return HtmlResponse(url, ip_address=ip_address(address)), request


def test_public_and_private_hosts_have_their_own_delays() -> None:
    for address, delay in (("8.8.8.8", 1.0), ("127.0.0.1", 0.0)):
        engine = FakeEngine("shop.example", 1.0)
        Throttle(engine).on_response(*make_response(address))  # type: ignore[arg-type]
        assert engine.slots["shop.example"].delay == delay
        assert engine.per_slot_settings["shop.example"]["delay"] == delay


def test_crawl_delay_applies_to_private_hosts() -> None:
    engine = FakeEngine("shop.example", 1.0)
    pace = Throttle(engine)  # type: ignore[arg-type]
    pace.on_response(*make_response("127.0.0.1"))
    pace.set_crawl_delay("shop.example", 7.0)
    pace.on_response(*make_response("127.0.0.1"))
    assert (engine.slots["shop.example"].delay, engine.slots["shop.example"].concurrency) == (7.0, 1)
    assert engine.per_slot_settings["shop.example"] == {"delay": 7.0, "concurrency": 1}


def test_busy_host_is_slowed_once_for_concurrent_requests() -> None:
    engine = FakeEngine("shop.example", 1.0)
    pace = Throttle(engine)  # type: ignore[arg-type]
    pace.on_response(*make_response("8.8.8.8"))
    for _ in range(16):
        pace.slow_down("shop.example", pause=30.0)
    assert engine.slots["shop.example"].delay == 2.0
    assert engine.slots["shop.example"].lastseen > monotonic() + 29


def test_override_can_set_a_longer_delay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shops").mkdir()
    (tmp_path / "shops" / "shop.example.yaml").write_text("rate: 0.25\n")
    monkeypatch.chdir(tmp_path)
    engine = FakeEngine("shop.example", 1.0)
    Throttle(engine).on_response(*make_response("8.8.8.8"))  # type: ignore[arg-type]
    assert engine.slots["shop.example"].delay == 4.0
