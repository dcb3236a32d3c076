import io

import numpy as np
import pytest
from PIL import Image, ImageDraw
from stored_documents import add_documents
from tiny_catalogue import DIM, SPLITS, make_tiny_catalogue

from weft import tables
from weft.contracts.tables import PREPARED_PHOTOS
from weft.datasets import open_dataset
from weft.errors import BenchmarkError


def draw_picture(number, quality=92):
    """Return a different JPEG for each number: rectangles of random place and colour."""
    rng = np.random.default_rng(number)
    image = Image.new("RGB", (96, 128), "white")
    draw = ImageDraw.Draw(image)
    for _ in range(6):
        left, top = rng.integers(0, 70, 2)
        draw.rectangle((left, top, left + 25, top + 40), fill=tuple(rng.integers(0, 255, 3).tolist()))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def write_frozen_embeddings(tiny_catalogue, picture_ids):
    """Write frozen embeddings that are equal for equal pictures."""
    records = list(open_dataset(tiny_catalogue.benchmark).records)
    axes = np.random.default_rng(5).normal(size=(50, DIM))
    z = np.array([axes[picture_ids[record.product_id]] for record in records])
    tiny_catalogue.embed("catalogue", records, np.random.default_rng(1).normal(size=z.shape), z)
    return tiny_catalogue


def test_a_clean_split_has_a_note_that_nothing_leaks(tmp_path, rng, search):
    tiny_catalogue = write_frozen_embeddings(
        make_tiny_catalogue(tmp_path, rng, picture=lambda _, n: draw_picture(n)), {f"alder/{n}": n for n in range(9)}
    )
    _, metrics = tiny_catalogue.run(search)
    assert metrics["counts"]["products_in_two_splits"] == metrics["counts"]["pictures_in_two_splits"] == 0
    assert any(note.startswith("leakage: 0 products and 0 pictures are in two splits") for note in metrics["notes"])


@pytest.mark.parametrize("quality", [92, 60])
def test_a_test_picture_that_is_also_in_train_is_found_even_if_encoded_again(tmp_path, rng, search, quality):
    def picture(_, number):
        return draw_picture(2, quality) if number == 7 else draw_picture(number)

    pictures = {f"alder/{n}": 2 if n == 7 else n for n in range(9)}
    tiny_catalogue = write_frozen_embeddings(make_tiny_catalogue(tmp_path, rng, picture=picture), pictures)
    with pytest.raises(BenchmarkError, match="0 products and 4 pictures in two splits") as error:
        tiny_catalogue.run(search)
    assert "alder/2#0 = alder/7#0" in str(error.value)
    assert not (tmp_path / "report").exists()


def test_a_product_in_two_splits_is_found_even_if_its_pictures_differ(tmp_path, rng, search):
    tiny_catalogue = make_tiny_catalogue(tmp_path, rng, {**SPLITS, "test": ()}, lambda _, n: draw_picture(n))
    rows = [
        {
            "product_id": f"alder/{number}",
            "position": position,
            "photo_id": f"alder/{number}#{position}",
            "colour": None,
            "jpeg": draw_picture(20 + position),
        }
        for number, position in ((5, 7), (6, 8))
    ]
    tables.write_shards(tmp_path / "prepared" / "test", iter(rows), PREPARED_PHOTOS)
    add_documents(tmp_path / "documents.parquet", {"alder/6": [0, 1]})
    records = list(open_dataset(tiny_catalogue.benchmark).records)
    noise = rng.normal(size=(len(records), DIM))
    tiny_catalogue.embed("catalogue", records, noise, noise)
    with pytest.raises(BenchmarkError, match=r"1 products and 0 pictures in two splits \(alder/5\)"):
        tiny_catalogue.run(search)


def test_photos_that_are_similar_only_to_the_network_are_no_leak(tmp_path, rng, search):
    # All embeddings are equal, all pictures differ.
    tiny_catalogue = make_tiny_catalogue(tmp_path, rng, picture=lambda _, n: draw_picture(n))
    records = list(open_dataset(tiny_catalogue.benchmark).records)
    tiny_catalogue.embed("catalogue", records, np.ones((len(records), DIM)), np.ones((len(records), DIM)))
    _, metrics = tiny_catalogue.run(search)
    assert metrics["counts"]["pictures_in_two_splits"] == 0
