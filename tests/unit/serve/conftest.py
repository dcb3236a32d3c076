"""A small catalogue behind the application, and a client that calls it without a socket."""

import asyncio
import itertools

import httpx
import numpy as np
import pyarrow as pa
import pytest

import weft
from weft import artefacts, tables
from weft.contracts.tables import PREPARED_PHOTOS, PRODUCTS
from weft.contracts.tagging import MISMATCHES
from weft.serve.app import create_app
from weft.serve.audit_cases import AuditCases
from weft.serve.audit_routes import AuditPage
from weft.serve.catalogue import ServedCatalogue
from weft.serve.photo_tags import CalibratedTagger
from weft.serve.settings import ServedFiles, ServerSettings
from weft.serve.verdict_store import VerdictStore
from weft.tagging.tag_head import TagHead
from weft.tagging.thresholds import CalibratedWords

COLOURS = ("red", "green", "blue", "black")
TITLES = (
    "Red dress",
    "Grünes <b>Kleid</b> für Überraschungsgäste",
    "파란색 스트라이프 셔츠 남성용 여름 신상",
    "黒いネクタイ、結婚式やビジネスに",
)
PHOTOS_PER_PRODUCT = 2


@pytest.fixture(scope="session")
def served_files(tmp_path_factory, saved_model, make_jpeg):
    """Four products of two photos each, of two shops; the page of the last one has a URL that no link may have."""
    folder = tmp_path_factory.mktemp("served")
    photos, products = [], []
    for n, (colour, title) in enumerate(zip(COLOURS, TITLES, strict=True)):
        product_id, shop = f"shop{n // 2}/{n}", f"shop{n // 2}"
        url = f"https://shop.example/{n}" if n < 3 else "javascript:alert(1)"
        categories = ["Women > Dresses"] if n < 2 else ["Men"]
        price = {"price": 10.0 * (n + 1), "currency": "EUR"} if n < 3 else {"price": None, "currency": None}
        row = dict.fromkeys(PRODUCTS.schema.names) | {"description": "", "attributes": []}
        products.append(
            row
            | {"product_id": product_id, "shop": shop, "url": url, "title": title, "colour": colour.title()}
            | {"categories": categories, **price}
        )
        for position in range(PHOTOS_PER_PRODUCT):
            photo = {"product_id": product_id, "position": position, "photo_id": f"{product_id}#{position}"}
            photos.append(photo | {"colour": None, "jpeg": make_jpeg(colour, seed=10 * n + position)})
    for split, rows in (("train", photos[:4]), ("val", []), ("test", photos[4:])):
        tables.write_shards(folder / "prepared" / split, rows, PREPARED_PHOTOS)
    tables.write_table(folder / "products.parquet", pa.Table.from_pylist(products, schema=PRODUCTS.schema), PRODUCTS)
    model = weft.load(saved_model, device="cpu", workers=1)
    z = np.concatenate([model.embed(photo["jpeg"]) for photo in photos])
    rows = [{"photo_id": p["photo_id"], "product_id": p["product_id"], "split": "test"} for p in photos]
    artefacts.write_embeddings(folder / "embeddings", z.shape[1], [(rows, z)], model.digest)
    return ServedFiles(
        saved_model, folder / "embeddings", folder / "products.parquet", folder / "prepared", folder / "calibration"
    )


@pytest.fixture(scope="session")
def catalogue(served_files):
    return ServedCatalogue(served_files)


@pytest.fixture(scope="session")
def audit_cases(catalogue, served_files, tmp_path_factory):
    """One mismatch of each kind, with markup in the URL and the title; and a random sample of the tags."""
    folder = tmp_path_factory.mktemp("audit")
    shown = {"url": "javascript:alert(1)", "score": 0.9, "threshold": 0.5, "probability": 0.9, "neighbour_support": 1.0}
    pictures = {"nearest": ["shop1/2#0", "gone/1#0"], "jpeg": None, "nearest_jpegs": []}
    rows = [
        {"kind": "contradicted", "product_id": "shop0/0", "photo_id": "shop0/0#1", "predicted_word": "green"}
        | {"text_word": "red", "text_word_percentile": 0.0, "neighbour_text_support": 0.0},
        {"kind": "missing", "product_id": "shop0/1", "photo_id": "shop0/1#0", "predicted_word": "dress"}
        | {"text_word": None, "text_word_percentile": None, "neighbour_text_support": None},
    ]
    rows = [row | shown | pictures | {"rank": 0, "title": "a title"} for row in rows]
    tables.write_table(folder / "mismatches.parquet", pa.Table.from_pylist(rows, schema=MISMATCHES.schema), MISMATCHES)
    tagger = CalibratedTagger(catalogue.model, folder / "none")
    numbers = np.zeros(2)
    dim = catalogue.model.word_embeddings.shape[1]
    head = TagHead(np.array([0, 1]), np.zeros((2, dim), np.float32), np.array([1.0, -1.0], np.float32))
    tagger.calibration = CalibratedWords(head.word_ids, numbers, numbers + 1, numbers, numbers + 0.8), head
    return AuditCases.read(folder, served_files.embeddings, catalogue.products, tagger)


class Client:
    """Sends requests to an application in this process."""

    def __init__(self, app, base_url="http://127.0.0.1:8000", headers=None):
        self._app, self._base_url, self._headers = app, base_url, headers

    def request(self, method, path, **arguments):
        async def send():
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=self._base_url, headers=self._headers) as client:
                return await client.request(method, path, **arguments)

        return asyncio.run(send())

    def get(self, path, **arguments):
        return self.request("GET", path, **arguments)

    def post(self, path, **arguments):
        return self.request("POST", path, **arguments)


@pytest.fixture(scope="session")
def connect():
    """Returns a client of an application."""
    return Client


@pytest.fixture
def make_client(catalogue):
    def run(settings=None, clock=lambda: 0.0, **options):
        return Client(create_app(catalogue, settings or ServerSettings(), clock), **options)

    return run


@pytest.fixture(scope="session")
def client(catalogue):
    """A client whose requests are a second apart, by the clock of the server."""
    seconds = itertools.count()
    return Client(create_app(catalogue, ServerSettings(), lambda: float(next(seconds))))


@pytest.fixture
def audit(audit_cases, catalogue, tmp_path):
    """The audit page with a new store of verdicts."""
    store = VerdictStore(tmp_path / "verdicts.sqlite")
    yield AuditPage(audit_cases, store, catalogue.photos)
    store.close()


@pytest.fixture
def audit_client(catalogue, audit):
    seconds = itertools.count()
    return Client(create_app(catalogue, ServerSettings(), lambda: float(next(seconds)), audit))


@pytest.fixture(scope="session")
def fuzzed_client(catalogue, audit_cases, tmp_path_factory):
    """A client of all routes, whose requests are a second apart, by the clock of the server."""
    store = VerdictStore(tmp_path_factory.mktemp("fuzz") / "verdicts.sqlite")
    seconds = itertools.count()
    audit = AuditPage(audit_cases, store, catalogue)
    yield Client(create_app(catalogue, ServerSettings(), lambda: float(next(seconds)), audit))
    store.close()


@pytest.fixture
def upload(make_jpeg):
    """The form field of a photo, equal to the first one of the product of this colour."""
    return lambda colour: {"photo": ("photo.jpg", make_jpeg(colour, seed=10 * COLOURS.index(colour)), "image/jpeg")}
