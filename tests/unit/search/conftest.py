"""A catalogue whose crawl changes, and a model that counts the photos that it embeds."""

import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from stored_crawl import write_crawl

import weft
from weft.params import Prepare
from weft.photos.ingest import process_photo
from weft.search.catalogue_index import open_catalogue
from weft.search.crawl_photos import PurgedValues
from weft.search.index_update import UpdateSources, build_index, update_index

PREPARE = Prepare(
    height=32, width=32, min_side=16, jpeg_quality=92, phash_max_distance=8, val_share=0.2, test_share=0.2
)


class CountingModel:
    """A model that counts what it embeds."""

    def __init__(self, model):
        self.model, self.digest, self.word_embeddings = model, model.digest, model.word_embeddings
        self.num_embedded = 0

    def embed_stream(self, photos):
        for keys, vectors in self.model.embed_stream(photos):
            self.num_embedded += len(keys)
            yield keys, vectors


@dataclass
class Shop:
    """A crawl, and the index that follows it."""

    folder: Path
    model: CountingModel
    prepare: Prepare = PREPARE
    purged: dict = field(default_factory=dict)

    @property
    def index(self):
        return self.folder / "index"

    @property
    def sources(self):
        return UpdateSources(self.folder / "crawl", PurgedValues(**self.purged), self.model)

    def crawl(self, photos, titles=None):
        write_crawl(self.folder / "crawl", photos, titles)

    def build(self, **options):
        return build_index(self.index, self.sources, self.prepare, **options)

    def update(self, **options):
        self.model.num_embedded = 0
        return update_index(self.index, self.sources, **options)

    def open(self, **options):
        return open_catalogue(self.index, self.model.digest, **options)

    def list_photo_ids(self):
        return sorted(self.open().photos.photo_ids)

    def find_first(self, photo):
        """The best hit for a photo, which is resized as the photos of the index are."""
        jpeg = process_photo(photo, self.prepare).jpeg
        return self.open().photos.find_photos(self.model.model.embed(jpeg)[0], 1)[0]

    def read_all_files(self):
        return b"".join(path.read_bytes() for path in sorted(self.index.iterdir()))


@pytest.fixture(scope="session")
def loaded_model(saved_model):
    return weft.load(saved_model, device="cpu", workers=1)


@pytest.fixture
def shop(tmp_path, loaded_model):
    return Shop(tmp_path, CountingModel(loaded_model))


@pytest.fixture
def photo():
    """Draws a photo that is no duplicate of another one: each number has its own colours and shapes."""

    def draw(number):
        rng = np.random.default_rng(number)
        pixels = np.kron(rng.integers(0, 256, (8, 8, 3)), np.ones((8, 8, 1))).astype(np.uint8)
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "PNG")
        return stream.getvalue()

    return draw
