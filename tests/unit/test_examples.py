"""The scripts of examples/ run on a small model."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from weft import api, artefacts

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def run_example(monkeypatch, capsys):
    def run(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out.splitlines()

    return run


@pytest.fixture
def photos(tmp_path, make_jpeg):
    (tmp_path / "photos").mkdir()
    for colour in ("blue", "red"):
        (tmp_path / "photos" / f"{colour}.jpg").write_bytes(make_jpeg(colour))
    return tmp_path / "photos"


def test_tag_photos_prints_a_line_per_photo(run_example, saved_model, photos):
    lines = run_example("tag_photos.py", saved_model, photos, "--top-k", 2)
    assert [line.split(":")[0] for line in lines] == ["blue.jpg", "red.jpg"]
    expected = [tag.word for tag in api.load(saved_model).tag(photos / "blue.jpg", 2)]
    assert lines[0] == f"blue.jpg: {', '.join(expected)}"


def test_search_catalogue_finds_a_photo_itself_first(run_example, saved_model, photos, tmp_path):
    model = api.load(saved_model)
    z = model.embed(sorted(photos.glob("*.jpg")))
    rows = [{"photo_id": f"alder/{name}#0", "product_id": f"alder/{name}", "split": "test"} for name in ("blue", "red")]
    artefacts.write_embeddings(tmp_path / "index", z.shape[1], [(rows, z)], model.digest)
    lines = run_example("search_catalogue.py", saved_model, tmp_path / "index", photos / "red.jpg")
    assert lines[0] == "1.000  alder/red  alder/red#0"
    assert len(run_example("search_catalogue.py", saved_model, tmp_path / "index", "red dress", "--top-k", 1)) == 1


def test_export_embeddings_writes_unit_vectors_and_names(run_example, saved_model, photos, tmp_path):
    assert run_example("export_embeddings.py", saved_model, photos, tmp_path / "z.npy") == []
    z = np.load(tmp_path / "z.npy")
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1, atol=1e-5)
    assert (tmp_path / "z.txt").read_text().split() == ["blue.jpg", "red.jpg"]


def test_score_dataset_prints_a_line_per_metric(run_example, saved_model, make_jpeg, tmp_path):
    rows = ["img/a_1.jpg a query", "img/a_2.jpg a gallery", "img/b_1.jpg b gallery"]
    (tmp_path / "Eval").mkdir()
    lines = [str(len(rows)), "image_name item_id evaluation_status", *rows]
    (tmp_path / "Eval" / "list_eval_partition.txt").write_text("\n".join(lines) + "\n")
    (tmp_path / "img").mkdir()
    for name, colour in (("a_1", "red"), ("a_2", "red"), ("b_1", "blue")):
        (tmp_path / "img" / f"{name}.jpg").write_bytes(make_jpeg(colour))
    printed = dict(line.split() for line in run_example("score_dataset.py", saved_model, tmp_path))
    assert (printed["recall_at_10"], printed["queries"], printed["gallery"]) == ("1", "1", "2")


def test_every_example_is_tested():
    tested = Path(__file__).read_text(encoding="utf-8")
    assert [path.name for path in EXAMPLES.glob("*.py") if path.name not in tested] == []
