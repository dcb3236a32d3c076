import json
import shutil
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file
from stored_documents import write_documents

from weft import artefacts, cli, tables
from weft.contracts.tables import PREPARED_PHOTOS, SPLITS

pytestmark = pytest.mark.slow


@pytest.fixture
def model(saved_model, tmp_path):
    """A copy of the model, so that calibration may be written beside it."""
    shutil.copytree(saved_model, tmp_path / "models" / "embedder")
    return tmp_path / "models" / "embedder"


@pytest.fixture
def catalogue(tmp_path, make_jpeg, model, embed_naively):
    """Prepared photos of four colours and their embeddings; the first word of a product is its colour."""
    colours = ["red", "green", "blue", "black"]
    rows = {split: [] for split in SPLITS}
    photos, embedded, bags = [], [], {}
    for split, each in (("train", 8), ("val", 15), ("test", 5)):
        for n in range(4 * each):
            product = f"alder/{split}{n:03}"
            photo = {"product_id": product, "photo_id": f"{product}#0"}
            picture = make_jpeg(colours[n % 4], seed=n + 100)
            bags[product] = [n % 4, 4]
            rows[split].append({**photo, "position": 0, "colour": None, "jpeg": picture})
            photos.append(picture)
            embedded.append({**photo, "split": split})
    for split in SPLITS:
        tables.write_shards(tmp_path / "prepared" / split, rows[split], PREPARED_PHOTOS, 100)
    write_documents(tmp_path / "documents.parquet", bags)
    z = embed_naively(*photos)
    digest = (model / "digest.txt").read_text().strip()
    artefacts.write_embeddings(tmp_path / "index", z.shape[1], [(embedded, z)], digest)
    return tmp_path


@pytest.fixture
def calibrate(weft, catalogue, model):
    def run(*arguments, **options):
        command_arguments = ("--documents", catalogue / "documents.parquet", "--index", catalogue / "index", *arguments)
        return weft("calibrate", *command_arguments, model=options.get("model", model))

    return run


@pytest.fixture
def tag(weft, parsed, model):
    def run(*arguments):
        status, lines, err = weft("tag", *arguments, model=model)
        return status, parsed(lines) if status == 0 else lines, err

    return run


def test_thresholds_are_written_beside_the_model_and_hold_its_digest(calibrate, model):
    status, lines, err = calibrate()
    assert status == 0
    assert f"thresholds written to {model.parent / 'calibration'}" in err
    assert "of 8 words reach a precision of 0.8 on val" in lines[0]
    calibration = json.loads((model.parent / "calibration" / "calibration.json").read_text())
    assert calibration["model"] == (model / "digest.txt").read_text().strip()


def test_calibrated_tags_are_the_words_that_reach_their_threshold(calibrate, tag, model, photos, embed_naively):
    calibrate("--target-precision", 0.6, "--min-products", 5)
    thresholds = pq.read_table(model.parent / "calibration" / "words.parquet").to_pylist()
    head = load_file(model.parent / "calibration" / "tag_head.safetensors")
    status, lines, _ = tag(photos, "--calibrated")
    assert status == 0
    for line in lines:
        assert list(line) == ["photo", "model", "words"]
        assert line["model"] == (model / "digest.txt").read_text().strip()
        z = embed_naively((photos / line["photo"]).read_bytes())[0].astype(np.float64)
        scores = dict(zip(head["word_ids"].tolist(), head["w"] @ z + head["bias"], strict=True))
        expected_words = {
            row["word"]
            for row in thresholds
            if row["threshold"] is not None and scores[row["word_id"]] >= row["threshold"]
        }
        assert {word["word"] for word in line["words"]} == expected_words
        assert [word["probability"] for word in line["words"]] == sorted(
            (word["probability"] for word in line["words"]), reverse=True
        )
    assert any(line["words"] for line in lines)


def test_without_calibrated_words_no_photo_gets_a_tag(calibrate, tag, photos):
    calibrate("--target-precision", 0.999)
    status, lines, _ = tag(photos, "--calibrated")
    assert status == 0
    assert [line["words"] for line in lines] == [[], [], []]


def test_top_k_limits_calibrated_words(calibrate, tag, photos):
    calibrate("--target-precision", 0.5, "--confidence", 0.5, "--min-products", 2)
    whole = tag(photos, "--calibrated")[1]
    cut = tag(photos, "--calibrated", "--top-k", 1)[1]
    assert [line["words"] for line in cut] == [line["words"][:1] for line in whole]


def test_thresholds_of_another_model_are_refused(calibrate, tag, model, photos):
    calibrate()
    path = model.parent / "calibration" / "calibration.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "model": "0" * 64}))
    status, _, err = tag(photos, "--calibrated")
    assert status == 2
    assert "thresholds belong to another model" in err
    assert err.count("\n") == 1


def test_the_error_without_thresholds_says_what_to_do(tag, photos):
    status, _, err = tag(photos, "--calibrated")
    assert status == 2
    assert "run weft calibrate" in err


def test_a_calibration_dir_without_calibrated_is_an_error(tag, photos, tmp_path):
    status, _, err = tag(photos, "--calibration-dir", tmp_path)
    assert status == 2
    assert "--calibration-dir: it has no effect without --calibrated" in err


def test_labels_and_calibrated_exclude_each_other(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["weft", "tag", "x.jpg", "--calibrated", "--labels", "l.txt"])
    with pytest.raises(SystemExit):
        cli.main()
    assert "not allowed with" in capsys.readouterr().err


@pytest.mark.parametrize("precision", [0, 1, 1.5])
def test_a_target_precision_outside_0_to_1_is_an_error(calibrate, precision):
    status, _, err = calibrate("--target-precision", precision)
    assert (status, err.count("\n")) == (2, 1)
    assert "expected a number between 0 and 1" in err


def test_a_folder_with_other_files_is_not_replaced(calibrate, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    status, _, err = calibrate("-o", tmp_path / "mine")
    assert status == 2
    assert "expected an empty folder or thresholds, got other files" in err
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"
    assert calibrate("-o", tmp_path / "thresholds")[0] == 0
    assert calibrate("-o", tmp_path / "thresholds")[0] == 0


def test_an_index_of_another_model_is_an_error(calibrate, catalogue):
    (catalogue / "index" / "digest.txt").write_text("0" * 64)
    status, _, err = calibrate()
    assert status == 2
    assert "another model made these embeddings" in err


def test_an_audit_is_a_list_and_a_page(weft, calibrate, catalogue, model, tmp_path):
    import pyarrow as pa

    from weft.contracts.tables import PRODUCTS

    calibrate()
    ids = pq.read_table(catalogue / "index" / "photos.parquet")["product_id"].to_pylist()
    blank = {"brand": None, "colour": None, "categories": [], "attributes": [], "description": "", "shop": "alder"}
    rows = [{**blank, "product_id": product, "url": "http://a.example/", "title": "red dress"} for product in ids]
    table = pa.Table.from_pylist(rows, schema=PRODUCTS.schema)
    tables.write_table(
        tmp_path / "products.parquet", tables.check_table(table, PRODUCTS, "", require_sorted=False), PRODUCTS
    )
    arguments = (
        "--products",
        tmp_path / "products.parquet",
        "--documents",
        catalogue / "documents.parquet",
        "--photos",
        catalogue / "prepared",
        "--index",
        catalogue / "index",
    )
    status, lines, err = weft("audit", *arguments, "-o", tmp_path / "audit", model=model)
    assert (status, err) == (0, "")
    assert lines[0].startswith("112 products: ")
    assert sorted(path.name for path in (tmp_path / "audit").iterdir()) == [
        "contact_sheet.jpg", "index.html", "mismatches.csv", "mismatches.parquet",
    ]  # fmt: skip
    assert "Products whose text and photos disagree" in (tmp_path / "audit" / "index.html").read_text()
    assert weft("audit", *arguments, "-o", tmp_path / "prepared", model=model)[0] == 2


def test_a_word_with_a_threshold_has_the_same_probability_without_calibrated(calibrate, tag, photos):
    assert calibrate()[0] == 0
    reliable = [
        {word["word"]: word["probability"] for word in line["words"]} for line in tag(photos, "--calibrated")[1]
    ]
    shown = [{word["word"]: word.get("probability") for word in line["words"]} for line in tag(photos)[1]]
    assert any(reliable)
    for words, all_words in zip(reliable, shown, strict=True):
        assert words.items() <= all_words.items()


def test_probabilities_of_another_model_are_left_out_with_a_note(calibrate, tag, photos, model):
    assert calibrate()[0] == 0
    settings = json.loads((model.parent / "calibration" / "calibration.json").read_text())
    (model.parent / "calibration" / "calibration.json").write_text(json.dumps(settings | {"model": "other"}))
    status, lines, err = tag(photos)
    assert status == 0
    assert "probabilities are left out" in err
    assert all("probability" not in word for line in lines for word in line["words"])
