import pytest

from crawler.extract.sniff import is_photo
from crawler.middlewares.retry import retry_after
from crawler.middlewares.robots import is_not_now


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (b"7", 7.0),
        (b"Thu, 01 Jan 1970 00:01:40 GMT", 90.0),
        (b"Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        (b"soon", None),
        (None, None),
    ],
)
def test_retry_after_is_read_in_seconds_and_as_a_date(header: bytes | None, seconds: float | None) -> None:
    assert retry_after(header, now=10.0) == seconds


def test_only_a_server_that_cannot_answer_means_not_now() -> None:
    assert [status for status in (200, 301, 401, 403, 404, 410, 429, 500, 503) if is_not_now(status)] == [429, 500, 503]


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
def test_photos_are_told_by_their_first_bytes(body: bytes, photo: bool) -> None:
    assert is_photo(body) is photo
