import numpy as np
import pytest

from weft import artefacts


@pytest.fixture
def digest(saved_model):
    """The digest of the model, which an index made by it holds too."""
    return (saved_model / "digest.txt").read_text().strip()


@pytest.fixture
def index(tmp_path, make_jpeg, embed_naively, digest):
    """A catalogue of four photos, each of another colour."""
    z = embed_naively(*(make_jpeg(colour, seed=50) for colour in ("red", "green", "blue", "black")))
    rows = [{"photo_id": f"alder/{n}#0", "product_id": f"alder/{n}", "split": "test"} for n in range(4)]
    artefacts.write_embeddings(tmp_path / "index", z.shape[1], [(rows, z)], digest)
    return tmp_path / "index"


def naive_cosines(vector, index):
    z = np.asarray(artefacts.read_embeddings(index).z, np.float64)
    return z @ vector / np.linalg.norm(z, axis=1) / np.linalg.norm(vector)


def test_a_photo_finds_its_nearest_photos(weft, parsed, tmp_path, make_jpeg, embed_naively, index):
    (tmp_path / "query.jpg").write_bytes(make_jpeg("green", seed=50))
    status, lines, _ = weft("search", tmp_path / "query.jpg", "--index", index)
    found = parsed(lines)
    assert status == 0
    assert [list(line) for line in found] == [["photo", "product", "score"]] * 4
    assert found[0] == {"photo": "alder/1#0", "product": "alder/1", "score": 1.0}
    scores = naive_cosines(embed_naively(make_jpeg("green", seed=50))[0], index)
    assert [line["score"] for line in found] == pytest.approx(sorted(scores, reverse=True), abs=2e-3)


@pytest.mark.parametrize(("query", "words"), [("Red Dress", [0, 4]), ("V Neck", [5]), ("NULL", [6])])
def test_a_query_of_words_is_the_mean_of_their_embeddings(weft, parsed, index, w, query, words):
    status, lines, _ = weft("search", query, "--index", index)
    scores = naive_cosines(w[words].mean(0), index)
    assert status == 0
    assert [line["score"] for line in parsed(lines)] == pytest.approx(sorted(scores, reverse=True), abs=2e-3)
    assert parsed(lines)[0]["product"] == f"alder/{scores.argmax()}"


@pytest.mark.parametrize(("k", "expected"), [(1, 1), (3, 3), (99, 4)])
def test_top_k_limits_the_number_of_photos(weft, index, k, expected):
    assert len(weft("search", "red", "--index", index, "--top-k", k)[1]) == expected


def test_the_error_for_unknown_words_lists_similar_words(refused, index):
    error = refused("search", "gren drss", "--index", index)
    assert error == (
        "error: 'gren drss': none of these words is in the model's vocabulary (similar words: green, dress), "
        "and no photo has this path\n"
    )


@pytest.mark.parametrize("query", ["spaceship", "", "x" * 5_000, "a\0b"])
def test_the_error_for_words_without_similar_ones_lists_none(refused, index, query):
    assert refused("search", query, "--index", index).endswith(
        "none of these words is in the model's vocabulary, and no photo has this path\n"
    )


def test_a_query_file_that_is_not_a_photo_is_an_error(refused, tmp_path, index):
    (tmp_path / "q.jpg").write_bytes(b"no photo")
    assert "q.jpg: it holds no photo that can be decoded" in refused("search", tmp_path / "q.jpg", "--index", index)


def test_a_missing_index_says_what_to_run(refused, tmp_path):
    error = refused("search", "red", "--index", tmp_path / "index")
    assert (
        "photos.parquet: no such file or folder, expected embedded photos; run the previous stage (dvc repro)" in error
    )


def test_an_index_made_by_another_model_is_refused(refused, tmp_path):
    rows = [{"photo_id": "a/1#0", "product_id": "a/1", "split": "test"}]
    artefacts.write_embeddings(tmp_path / "index", 1_024, [(rows, np.ones((1, 1_024), np.float32))], "0123")
    assert "got embeddings by another model" in refused("search", "red", "--index", tmp_path / "index")


def test_an_empty_index_finds_nothing(weft, tmp_path, digest):
    artefacts.write_embeddings(tmp_path / "index", 1_024, [], digest)
    assert weft("search", "red", "--index", tmp_path / "index")[:2] == (0, [])
