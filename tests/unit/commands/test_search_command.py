import numpy as np
import pytest

from weft import artefacts


@pytest.fixture
def digest(bundle):
    """Names the model under test, as an index it made does."""
    return (bundle / "digest.txt").read_text().strip()


@pytest.fixture
def index(tmp_path, jpeg, embed_naively, digest):
    """A catalogue of four photos, one a colour."""
    z = embed_naively(*(jpeg(colour, seed=50) for colour in ("red", "green", "blue", "black")))
    rows = [{"photo_id": f"alder/{n}#0", "product_id": f"alder/{n}", "split": "test"} for n in range(4)]
    artefacts.write_embeddings(tmp_path / "index", z.shape[1], [(rows, z)], digest)
    return tmp_path / "index"


def naive_cosines(vector, index):
    z = np.asarray(artefacts.read_embeddings(index).z, np.float64)
    return z @ vector / np.linalg.norm(z, axis=1) / np.linalg.norm(vector)


def test_a_photo_finds_its_nearest_photos(weft, parsed, tmp_path, jpeg, embed_naively, index):
    (tmp_path / "query.jpg").write_bytes(jpeg("green", seed=50))
    status, lines, _ = weft("search", tmp_path / "query.jpg", "--index", index)
    found = parsed(lines)
    assert status == 0
    assert [list(line) for line in found] == [["photo", "product", "score"]] * 4
    assert found[0] == {"photo": "alder/1#0", "product": "alder/1", "score": 1.0}
    scores = naive_cosines(embed_naively(jpeg("green", seed=50))[0], index)
    assert [line["score"] for line in found] == pytest.approx(sorted(scores, reverse=True), abs=2e-3)


@pytest.mark.parametrize(("query", "words"), [("Red Dress", [0, 4]), ("V Neck", [5]), ("NULL", [6])])
def test_words_are_looked_for_as_the_mean_of_their_embeddings(weft, parsed, index, w, query, words):
    status, lines, _ = weft("search", query, "--index", index)
    scores = naive_cosines(w[words].mean(0), index)
    assert status == 0
    assert [line["score"] for line in parsed(lines)] == pytest.approx(sorted(scores, reverse=True), abs=2e-3)
    assert parsed(lines)[0]["product"] == f"alder/{scores.argmax()}"


@pytest.mark.parametrize(("k", "told"), [(1, 1), (3, 3), (99, 4)])
def test_top_k_is_how_many_photos_are_told(weft, index, k, told):
    assert len(weft("search", "red", "--index", index, "--top-k", k)[1]) == told


def test_unknown_words_are_answered_with_near_ones(refused, index):
    said = refused("search", "gren drss", "--index", index)
    assert said == (
        "error: 'gren drss': neither a photo here nor words of the model's vocabulary; did you mean green, dress?\n"
    )


@pytest.mark.parametrize("query", ["spaceship", "", "x" * 5_000, "a\0b"])
def test_words_near_to_nothing_are_answered(refused, index, query):
    assert refused("search", query, "--index", index).endswith("nor words of the model's vocabulary\n")


def test_a_query_that_is_no_photo_is_answered(refused, tmp_path, index):
    (tmp_path / "q.jpg").write_bytes(b"no photo")
    assert "q.jpg: no photo in it can be used" in refused("search", tmp_path / "q.jpg", "--index", index)


def test_a_missing_index_says_what_to_run(refused, tmp_path):
    said = refused("search", "red", "--index", tmp_path / "index")
    assert "photos.parquet: no such file or folder, wanted embedded photos; run the stage before (dvc repro)" in said


def test_an_index_made_by_another_model_is_refused(refused, tmp_path):
    rows = [{"photo_id": "a/1#0", "product_id": "a/1", "split": "test"}]
    artefacts.write_embeddings(tmp_path / "index", 1_024, [(rows, np.ones((1, 1_024), np.float32))], "0123")
    assert "not made by the model" in refused("search", "red", "--index", tmp_path / "index")


def test_an_empty_index_finds_nothing(weft, tmp_path, digest):
    artefacts.write_embeddings(tmp_path / "index", 1_024, [], digest)
    assert weft("search", "red", "--index", tmp_path / "index")[:2] == (0, [])
