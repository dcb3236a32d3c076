"""The Python API against naive computations with the same model."""

import io
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import weft
from weft import artefacts
from weft.errors import InputError, ModelError, PhotoError
from weft.model.bundle import load_bundle
from weft.model.fuse_batch_norm import fuse_batch_norm
from weft.photos.prefetch import decode_and_letterbox
from weft.whitening import Whitening, write_whitening


@pytest.fixture(scope="module")
def model(saved_model):
    return weft.load(saved_model, device="cpu", workers=1)


@pytest.fixture(scope="module")
def photos(make_jpeg):
    return [make_jpeg(colour, seed=n) for n, colour in enumerate(["red", "green", "blue"])]


@pytest.fixture(scope="module")
def naive_embeddings(saved_model, photos):
    """Embeddings of `photos`, computed one at a time."""
    loaded = load_bundle(saved_model)
    embedder = fuse_batch_norm(loaded.embedder)
    decoded = decode_and_letterbox(enumerate(photos), loaded.height, loaded.width, 1)
    with torch.inference_mode():
        z = [embedder(torch.from_numpy(pixels.transpose(2, 0, 1)[None].copy())) for _, pixels in decoded]
    return torch.cat(z).numpy()


@pytest.fixture
def index(tmp_path, model, naive_embeddings):
    rows = [{"photo_id": f"alder/{n}#0", "product_id": f"alder/{n}", "split": "test"} for n in range(3)]
    artefacts.write_embeddings(tmp_path / "index", naive_embeddings.shape[1], [(rows, naive_embeddings)], model.digest)
    return weft.open_index(tmp_path / "index", model)


def test_embeddings_equal_those_computed_one_at_a_time(model, photos, naive_embeddings):
    np.testing.assert_allclose(model.embed(photos), naive_embeddings, atol=1e-4)


def test_a_photo_may_be_a_path_bytes_or_an_image(tmp_path, model, photos):
    (tmp_path / "a.jpg").write_bytes(photos[0])
    expected = model.embed(photos[0])
    assert expected.shape[0] == 1
    for photo in (tmp_path / "a.jpg", str(tmp_path / "a.jpg"), Image.open(io.BytesIO(photos[0]))):
        np.testing.assert_allclose(model.embed(photo), expected, atol=1e-4)


def test_no_photos_give_an_empty_matrix(model):
    assert model.embed([]).shape == (0, model.word_embeddings.shape[1])


def test_word_scores_are_the_dot_products_with_the_word_embeddings(model, saved_model, photos, naive_embeddings):
    w = artefacts.read_word_embeddings(saved_model / "model.safetensors")
    np.testing.assert_allclose(model.word_scores(photos), naive_embeddings @ w.T, atol=2e-3)


def test_tags_are_the_words_with_the_highest_scores_best_first(model, photos, model_words):
    scores = model.word_scores(photos[0])[0]
    expected = sorted(zip(model_words, scores.tolist(), strict=True), key=lambda pair: -pair[1])
    tags = model.tag(photos[0], top_k=3)
    assert [(tag.word, tag.score) for tag in tags] == expected[:3]
    assert len(model.tag(photos[0], top_k=99)) == len(model_words)


def test_equal_scores_are_ranked_in_word_order(model, model_words):
    scores = np.zeros(len(model_words), np.float32)
    assert [tag.word for tag in model.best_tags(scores)] == model_words


def test_a_text_is_the_mean_of_its_word_embeddings(model):
    np.testing.assert_array_equal(model.embed_text("Red Dress")[0], model.word_embeddings[[0, 4]].mean(0))


def test_unknown_words_raise_with_similar_words(model):
    with pytest.raises(InputError, match=r"'gren': none of these words is .* \(similar words: green\)$"):
        model.embed_text("gren")


def test_search_ranks_by_cosine_similarity(model, index, photos, naive_embeddings):
    unit = naive_embeddings / np.linalg.norm(naive_embeddings, axis=1, keepdims=True)
    for query, vector in ((photos[1], unit[1]), ("red dress", model.embed_text("red dress")[0])):
        similarities = unit @ (vector / np.linalg.norm(vector))
        hits = index.search(query)
        assert [hit.product_id for hit in hits] == [f"alder/{n}" for n in np.argsort(-similarities)]
        assert [hit.similarity for hit in hits] == pytest.approx(sorted(similarities, reverse=True), abs=1e-3)
    assert len(index) == 3
    assert [hit.photo_id for hit in index.search(photos[1], top_k=1)] == ["alder/1#0"]


def test_the_same_item_is_searched_by_whitened_embeddings(tmp_path, model, index, photos):
    z = index.catalogue.vectors.take(np.arange(3))
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    # The similarity of embeddings that are centred and not scaled.
    centred = unit - unit.mean(0)
    write_whitening(tmp_path / "index", Whitening(unit.mean(0), np.eye(z.shape[1], dtype=np.float32)))
    whitened = weft.open_index(tmp_path / "index", model)
    hits = whitened.search(photos[1], same_item=True)
    similarities = centred @ centred[1] / np.linalg.norm(centred, axis=1) / np.linalg.norm(centred[1])
    assert [hit.product_id for hit in hits] == [f"alder/{n}" for n in np.argsort(-similarities)]
    assert [hit.similarity for hit in hits] == pytest.approx(sorted(similarities, reverse=True), abs=1e-2)
    assert whitened.search(photos[1]) == index.search(photos[1])
    with pytest.raises(InputError, match="by a photo only, got words"):
        whitened.search("red dress", same_item=True)


def test_without_a_whitening_the_same_item_cannot_be_searched(index, photos):
    with pytest.raises(InputError, match=r"no whitening\.safetensors"):
        index.search(photos[0], same_item=True)


def test_an_index_of_another_model_is_refused(tmp_path, model):
    artefacts.write_embeddings(tmp_path / "index", 4, [], "0" * 64)
    with pytest.raises(ModelError, match=r"expected embeddings by the model .* got embeddings by another model"):
        weft.open_index(tmp_path / "index", model)


def test_bad_photos_raise(tmp_path, model):
    with pytest.raises(PhotoError, match="cannot be decoded"):
        model.embed(b"not a photo")
    with pytest.raises(InputError, match=r"missing\.jpg: the photo cannot be read"):
        model.embed(tmp_path / "missing.jpg")


def test_a_stream_can_skip_photos_that_cannot_be_decoded(model, photos):
    skipped = []
    ((keys, z),) = model.embed_stream([("good", photos[0]), ("bad", b"")], skipped)
    assert (keys, len(z)) == (["good"], 1)
    assert [key for key, _ in skipped] == ["bad"]


def test_import_weft_imports_no_heavy_library():
    code = (
        "import sys, weft\n"
        "assert {'Hit', 'Index', 'Model', 'Tag', 'load', 'open_index', '__version__'} <= set(dir(weft))\n"
        "print(*(name for name in ('torch', 'numpy', 'pyarrow', 'nltk', 'PIL') if name in sys.modules))\n"
        "weft.load\n"
        "print('torch' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.splitlines() == ["", "False"]


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'weft' has no attribute 'paint'"):
        weft.paint  # noqa: B018


@pytest.fixture
def inshop(tmp_path, make_jpeg):
    """Write a dataset in the In-shop layout: three items with a query and two gallery photos each."""
    photos = {
        (f"img/WOMEN/Tops/id_{item}/0{shot}_front.jpg", f"id_{item}", "query" if shot == 0 else "gallery"): make_jpeg(
            ["red", "green", "blue"][(item + (shot == 2)) % 3], seed=10 * item + shot
        )
        for item in range(3)
        for shot in range(3)
    }
    (tmp_path / "Eval").mkdir()
    rows = ["9", "image_name item_id evaluation_status", *(" ".join(key) for key in photos)]
    (tmp_path / "Eval" / "list_eval_partition.txt").write_text("\n".join(rows) + "\n")
    for (name, _, _), photo in photos.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(photo)
    return tmp_path, photos


def test_score_equals_recall_counted_by_hand(inshop, model):
    folder, photos = inshop
    z = model.embed(list(photos.values()))
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    items = [item for _, item, _ in photos]
    gallery = [n for n, (_, _, split) in enumerate(photos) if split == "gallery"]
    best = [max(gallery, key=lambda n, query=z[query]: float(query @ z[n])) for query in (0, 3, 6)]
    expected = np.mean([items[found] == items[query] for found, query in zip(best, (0, 3, 6), strict=True)])

    scores = weft.score(folder, model, top_k=(1, 6))

    assert scores["recall_at_1"] == pytest.approx(expected)
    assert scores["recall_at_6"] == 1.0
    assert (scores["queries"], scores["gallery"], scores["skipped"]) == (3, 6, 0)


def test_score_counts_photos_that_cannot_be_decoded(inshop, model):
    folder, _ = inshop
    (folder / "img/WOMEN/Tops/id_0/02_front.jpg").write_bytes(b"no photo")
    scores = weft.score(folder, model)
    assert (scores["queries"], scores["gallery"], scores["skipped"]) == (3, 5, 1)


def test_score_without_any_positive_is_refused(inshop, model):
    folder, photos = inshop
    for name, _, split in photos:
        if split == "gallery":
            (folder / name).write_bytes(b"no photo")
    with pytest.raises(InputError, match="expected queries with another photo of their product in the gallery"):
        weft.score(folder, model)


def test_score_names_the_readers_it_knows(tmp_path, model):
    with pytest.raises(
        InputError, match="expected the reader inshop, inshop:crops or catalogue, got 'labelled_photos'"
    ):
        weft.score(tmp_path, model, reader="labelled_photos")
