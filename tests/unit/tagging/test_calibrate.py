import json
from dataclasses import replace

import numpy as np
import pytest

from weft import artefacts, tables
from weft.contracts import files
from weft.contracts.tagging import CALIBRATED_WORDS, RELIABILITY, WORD_MAP
from weft.errors import InputError, ModelError
from weft.tagging.calibrate import calibrate
from weft.tagging.thresholds import read_told

WORDS = ("red", "blue", "shirt", "dress", "wash", "shirts")


def run_calibrate(shop, settings):
    at = shop.sources
    totals = calibrate(at.photos, at.embeddings, at.model, settings, at.calibration)
    rows = tables.read_table(at.calibration / files.CALIBRATED_WORDS, CALIBRATED_WORDS).to_pylist()
    return totals, {row["word"]: row for row in rows}


def test_words_that_photos_tell_get_a_threshold_and_others_a_reason(honest, settings):
    honest.write()
    totals, words = run_calibrate(honest, settings)
    assert {word for word, row in words.items() if row["threshold"] is not None} == {"red", "blue", "shirt", "dress"}
    assert words["wash"]["why_not"] == "precision not reached"
    assert words["shirts"]["why_not"] == "too few val products say it"
    assert totals["words_told"] == 4
    for row in words.values():
        assert (row["threshold"] is None) == bool(row["why_not"])
        if row["threshold"] is not None:
            assert row["precision_at_least"] >= 0.8


def test_a_word_is_counted_on_test_as_its_threshold_tags(honest, settings):
    honest.add(3, "red shirt", "blue shirt", split="test")  # three texts that are wrong
    honest.write()
    totals, words = run_calibrate(honest, settings)
    found = artefacts.read_embeddings(honest.sources.embeddings)
    z = found.z.astype(np.float64)
    scores = z - np.log(np.exp(z).sum(axis=1, keepdims=True))  # W is the unit matrix
    test = np.array([split == "test" for split in found.photos["split"].to_pylist()])
    says = np.array([[word in item.says for word in WORDS] for item in honest.items if item.split == "test"])
    tagged, right, sayable = 0, 0, 0
    for place, word in enumerate(WORDS[:4]):
        over = scores[test, place] >= words[word]["threshold"]
        counts = (int(says[:, place].sum()), int(over.sum()), int((over & says[:, place]).sum()))
        assert (words[word]["test_products"], words[word]["test_tagged"], words[word]["test_right"]) == counts
        tagged, right, sayable = tagged + counts[1], right + counts[2], sayable + counts[0]
    assert totals["precision"] == pytest.approx(right / tagged)
    assert totals["coverage"] == pytest.approx(right / sayable)
    assert totals["tags_per_product"] == pytest.approx(tagged / 35)


def test_views_of_a_product_are_one_piece_of_evidence(shop, settings):
    shop.add(6, "red shirt", "red shirt", split="val", views=5)
    shop.add(6, "blue dress", "blue dress", split="val", views=5)
    shop.write()
    _, words = run_calibrate(shop, replace(settings, min_products=2))
    assert [words[word]["val_products"] for word in ("red", "blue")] == [6, 6]
    assert all(row["threshold"] is None for row in words.values())  # thirty photos, but six products


def test_test_products_decide_nothing(honest, settings):
    honest.write()
    _, before = run_calibrate(honest, settings)
    honest.add(20, "red shirt", "blue dress", split="test")
    honest.write()
    _, after = run_calibrate(honest, settings)
    for word, row in before.items():
        for name in ("threshold", "slope", "intercept", "separation", "val_tagged", "precision_at_least"):
            assert after[word][name] == row[name]


def test_a_harder_target_tells_fewer_words(honest, settings):
    honest.write()
    assert run_calibrate(honest, replace(settings, target_precision=0.99))[0]["words_told"] == 0


def test_outs_are_the_same_twice_and_name_the_model(honest, settings, tmp_path):
    honest.write()
    run_calibrate(honest, settings)
    folder = honest.sources.calibration
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    run_calibrate(honest, settings)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first
    told = json.loads(first[files.CALIBRATION])
    assert told["model"] == "cd" * 32
    assert (told["precision"], told["val_products"], told["test_products"]) == (0.8, 64, 32)


def test_reliability_and_map_cover_the_judged_words(honest, settings):
    honest.write()
    run_calibrate(honest, settings)
    folder = honest.sources.calibration
    rows = tables.read_table(folder / files.RELIABILITY, RELIABILITY).to_pylist()
    assert sum(row["pairs"] for row in rows if row["words"] == "words with a probability") == 32 * 5
    places = tables.read_table(folder / files.WORD_MAP, WORD_MAP).to_pylist()
    assert {row["word"] for row in places} == {"red", "blue", "shirt", "dress", "wash"}
    assert all(0 <= row[axis] <= 1 for row in places for axis in ("x", "y"))
    assert all(row["word"] not in row["nearest"] for row in places)


def test_without_val_products_nothing_can_be_decided(shop, settings):
    shop.add(20, "red shirt", "red shirt")
    shop.write()
    with pytest.raises(InputError, match="no product is in val"):
        run_calibrate(shop, settings)


def test_embeddings_of_another_model_are_refused(honest, settings):
    honest.write(model="ef" * 32)
    with pytest.raises(ModelError, match="made by another model"):
        run_calibrate(honest, settings)


def test_thresholds_are_read_for_their_own_model_alone(honest, settings):
    honest.write()
    run_calibrate(honest, settings)
    folder = honest.sources.calibration
    told = read_told(folder, "cd" * 32, 6)
    assert told.word_ids.tolist() == [0, 1, 2, 3]
    with pytest.raises(ModelError, match="thresholds of another model"):
        read_told(folder, "ef" * 32, 6)
    with pytest.raises(ModelError, match="6 words, the model has 7"):
        read_told(folder, "cd" * 32, 7)
    (folder / files.CALIBRATION).write_text("[]")
    with pytest.raises(ModelError, match="names no model"):
        read_told(folder, "cd" * 32, 6)
    (folder / files.CALIBRATION).unlink()
    with pytest.raises(ModelError, match="no thresholds to read"):
        read_told(folder, "cd" * 32, 6)
