import json
import threading

import pytest

from weft.errors import InputError
from weft.serve.request_limits import RateLimiter
from weft.serve.settings import ServerLimits, ServerSettings

TOKEN = "0123456789abcdef"


def make_settings(**limits):
    return ServerSettings(limits=ServerLimits(**limits))


@pytest.mark.parametrize("path", ["/v1/search", "/v1/tag", "/"])
def test_a_large_body_is_refused_whether_or_not_its_length_is_declared(make_client, path):
    client = make_client(make_settings(max_body_bytes=1_000))

    async def stream():
        yield b'--x\r\ncontent-disposition: form-data; name="photo"; filename="a"\r\n\r\n'
        for _ in range(20):
            yield b"x" * 100

    for content in (b"x" * 2_000, stream()):
        response = client.post(path, content=content, headers={"content-type": "multipart/form-data; boundary=x"})
        assert response.status_code == 413
        assert "1,000 bytes" in response.json()["error"]


def test_a_client_that_searches_too_fast_is_refused_until_time_passes(make_client):
    now = [0.0]
    client = make_client(make_settings(requests_per_second=1, burst=2), clock=lambda: now[0])
    statuses = [client.post("/v1/search", data={"text": "red"}).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert client.get("/healthz").status_code == 200
    now[0] = 1.0
    assert client.post("/v1/search", data={"text": "red"}).status_code == 200


def test_clients_have_rates_of_their_own():
    rate = RateLimiter(1, 1, lambda: 0.0)
    assert [rate.allow("a"), rate.allow("a"), rate.allow("b")] == [True, False, True]


def test_the_limiter_forgets_quiet_clients_and_never_grows_without_end():
    now = [0.0]
    rate = RateLimiter(1, 1, lambda: now[0])
    assert all(rate.allow(str(n)) for n in range(10_000))
    assert not rate.allow("one more")
    now[0] = 5.0
    assert rate.allow("one more")


def test_too_many_searches_at_once_are_refused(make_client, catalogue, monkeypatch):
    client, is_searching, may_end = (
        make_client(make_settings(max_requests_in_flight=1)),
        threading.Event(),
        threading.Event(),
    )

    def wait(*_):
        is_searching.set()
        may_end.wait(10)
        return []

    monkeypatch.setattr(catalogue, "search", wait)
    first = threading.Thread(target=lambda: client.post("/v1/search", data={"text": "red"}))
    first.start()
    assert is_searching.wait(10)
    response = client.post("/v1/search", data={"text": "red"})
    may_end.set()
    first.join()
    assert response.status_code == 429
    assert response.headers["retry-after"] == "1"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "shop.example"])
def test_an_address_that_others_can_reach_needs_a_token(host):
    with pytest.raises(InputError, match="a token is required"):
        ServerSettings(host)
    assert ServerSettings(host, token=TOKEN).token == TOKEN


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_no_token(host):
    assert ServerSettings(host).is_loopback


@pytest.mark.parametrize("token", ["", "short", "with\nline break...", "ümlaut ümlaut ümlaut"])
def test_a_weak_token_is_refused(token):
    with pytest.raises(InputError, match="16 printable ASCII"):
        ServerSettings(token=token)


@pytest.mark.parametrize("path", ["/metrics", "/docs", "/openapi.json", "/photos/shop0/0", "/v1/products/shop0/0"])
def test_nothing_of_the_catalogue_is_read_without_the_token(make_client, path):
    settings = ServerSettings("0.0.0.0", token=TOKEN)
    for headers in ({}, {"authorization": "Bearer wrong"}, {"cookie": "weft_token=" + TOKEN}, {"cookie": "ü"}):
        headers = {name: value.encode() for name, value in headers.items()}
        assert make_client(settings, headers=headers).get(path).status_code == 401
    allowed = make_client(settings, headers={"authorization": f"Bearer {TOKEN}"}).get(path)
    assert allowed.status_code in (200, 404)


def test_a_browser_logs_in_with_the_token(make_client):
    client = make_client(ServerSettings("0.0.0.0", token=TOKEN))
    assert [client.get(page).headers["location"] for page in ("/", "/audit")] == ["/login", "/login"]
    assert client.post("/login", data={"token": "wrong"}).status_code == 401
    cookie = client.post("/login", data={"token": TOKEN}).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie
    assert client.get("/", headers={"cookie": cookie.split(";")[0]}).status_code == 200


def test_a_server_on_loopback_answers_only_to_its_own_names(make_client):
    assert make_client(base_url="http://attacker.example").get("/").status_code == 400


def test_each_request_has_an_id_in_the_answer_and_in_the_log(client, caplog):
    caplog.set_level("INFO", logger="weft.serve")
    assert client.get("/readyz", headers={"x-request-id": "from-a-proxy.1"}).headers["x-request-id"] == "from-a-proxy.1"
    assert client.get("/readyz", headers={"x-request-id": "a b"}).headers["x-request-id"] != "a b"
    assert caplog.records[0].fields["request_id"] == "from-a-proxy.1"


def test_an_unexpected_error_is_logged_and_answered_without_details(client, catalogue, monkeypatch, caplog):
    def fail(*_):
        raise RuntimeError("secret")

    monkeypatch.setattr(catalogue, "search", fail)
    response = client.post("/v1/search", data={"text": "red"})
    assert response.status_code == 500
    assert "secret" not in response.text
    assert json.loads(response.text)["request_id"] == response.headers["x-request-id"]
    assert "secret" in caplog.text
