"""A server goes on answering while its index gets a new version, and then answers from the new one."""

import threading
import time
from dataclasses import replace

import pytest
from stored_crawl import write_crawl

import weft
from weft.params import Prepare
from weft.search.crawl_photos import PurgedValues
from weft.search.index_update import UpdateSources, build_index, update_index
from weft.serve.app import create_app
from weft.serve.catalogue import ServedCatalogue
from weft.serve.index_follower import follow_index
from weft.serve.settings import ServerLimits, ServerSettings

PREPARE = Prepare(
    height=32, width=32, min_side=16, jpeg_quality=92, phash_max_distance=8, val_share=0.2, test_share=0.2
)


@pytest.fixture(scope="module")
def model(saved_model):
    return weft.load(saved_model, device="cpu", workers=1)


@pytest.fixture
def shop(tmp_path, served_files, model, make_jpeg):
    """An index of two products, a function that changes its crawl and updates it, and the server's catalogue."""
    photos = {"a/1": [make_jpeg("red", seed=1)], "a/2": [make_jpeg("green", seed=2)]}
    sources = UpdateSources(write_crawl(tmp_path / "crawl", photos), PurgedValues(), model)
    build_index(tmp_path / "index", sources, PREPARE)

    def update(photos):
        write_crawl(tmp_path / "crawl", photos)
        update_index(tmp_path / "index", sources)

    catalogue = ServedCatalogue(replace(served_files, index=tmp_path / "index"))
    return catalogue, update, photos


@pytest.fixture
def make_client(connect):
    limits = ServerLimits(requests_per_second=10_000, burst=10_000)
    return lambda catalogue: connect(create_app(catalogue, ServerSettings(limits=limits), lambda: 0.0))


def list_products(client, photo):
    response = client.post("/v1/search", files={"photo": ("a.jpg", photo, "image/jpeg")}, data={"k": "9"})
    return response.status_code, {item["product_id"] for item in response.json().get("results", [])}


def test_no_request_fails_while_the_version_changes(shop, make_client, make_jpeg):
    catalogue, update, photos = shop
    client, query = make_client(catalogue), photos["a/1"][0]
    answers, is_done = [], threading.Event()

    def search():
        while not is_done.is_set():
            answers.append(list_products(client, query))

    threads = [threading.Thread(target=search) for _ in range(2)]
    with follow_index(catalogue, seconds=0.01):
        for thread in threads:
            thread.start()
        update({"a/1": photos["a/1"], "a/3": [make_jpeg("blue", seed=3)]})
        wait_until(lambda: catalogue.index_version == 2)
        wait_until(lambda: (200, {"a/1", "a/3"}) in answers)
        is_done.set()
        for thread in threads:
            thread.join()
    assert {status for status, _ in answers} == {200}
    assert {frozenset(products) for _, products in answers} <= {frozenset({"a/1", "a/2"}), frozenset({"a/1", "a/3"})}
    picture = client.get("/photos/a/3%230")
    assert picture.status_code == 200
    unchanged = client.get("/photos/a/3%230", headers={"If-None-Match": picture.headers["etag"]})
    assert unchanged.status_code == 304
    assert client.get("/photos/a/2%230").status_code == 404
    assert client.get("/v1/products/a/2").status_code == 404
    assert client.get("/readyz").json()["photos"] == 2
    assert "weft_catalogue_photos 2.0" in client.get("/metrics").text


def wait_until(condition):
    for _ in range(3_000):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("the server did not follow the index")


def test_a_version_that_cannot_be_used_leaves_the_old_one(shop, tmp_path, make_client):
    catalogue, _, photos = shop
    (tmp_path / "index" / "manifest.json").write_text("{}")
    with follow_index(catalogue, seconds=0.01):
        time.sleep(0.05)
    assert list_products(make_client(catalogue), photos["a/1"][0]) == (200, {"a/1", "a/2"})


@pytest.mark.parametrize("error", [OSError("too many open files"), MemoryError()])
def test_an_error_of_the_machine_does_not_end_the_follower(error):
    class Catalogue:
        def __init__(self):
            self.attempts, self.has_recovered = 0, threading.Event()

        def reload(self):
            self.attempts += 1
            if self.attempts == 1:
                raise error
            self.has_recovered.set()
            return False

    catalogue = Catalogue()
    with follow_index(catalogue, seconds=0.001):
        assert catalogue.has_recovered.wait(60)
