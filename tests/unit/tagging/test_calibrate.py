import json
from dataclasses import replace

import numpy as np
import pytest

from weft import artefacts, tables
from weft.contracts import files
from weft.contracts.tagging import CALIBRATED_WORDS, CALIBRATION_CURVE, WORD_MAP
from weft.errors import InputError, ModelError
from weft.tagging.calibrate import calibrate
from weft.tagging.tag_head import read_tag_head
from weft.tagging.thresholds import read_calibrated_words

WORDS = ("red", "blue", "shirt", "dress", "wash", "shirts")


def run_calibrate(shop, settings):
    inputs = shop.inputs
    totals = calibrate(inputs.documents, inputs.embeddings, inputs.model, settings, inputs.calibration)
    rows = tables.read_table(inputs.calibration / files.CALIBRATED_WORDS, CALIBRATED_WORDS).to_pylist()
    return totals, {row["word"]: row for row in rows}


def test_predictable_words_get_a_threshold_and_others_a_reject_reason(consistent_shop, settings):
    consistent_shop.write()
    totals, words = run_calibrate(consistent_shop, settings)
    assert {word for word, row in words.items() if row["threshold"] is not None} == {"red", "blue", "shirt", "dress"}
    assert words["wash"]["reject_reason"] == "photos do not predict it"
    assert words["shirts"]["reject_reason"] == "too few val products say it"
    assert totals["calibrated_words"] == 4
    for row in words.values():
        assert (row["threshold"] is None) == bool(row["reject_reason"])
        if row["threshold"] is not None:
            assert row["precision_lower_bound"] >= 0.8


def test_products_without_words_change_no_threshold(consistent_shop, settings):
    consistent_shop.write()
    totals, words = run_calibrate(consistent_shop, settings)
    consistent_shop.add(5, "", "red shirt", split="test", n_photos=2)
    consistent_shop.write()
    assert run_calibrate(consistent_shop, settings) == (totals, words)
    # The noise of the test photos follows that of the val photos.
    consistent_shop.add(5, "", "red shirt", split="val", n_photos=2)
    consistent_shop.write()
    _, after = run_calibrate(consistent_shop, settings)
    val_columns = ("threshold", "val_products", "val_predicted", "slope", "roc_auc")
    assert {word: [row[name] for name in val_columns] for word, row in after.items()} == {
        word: [row[name] for name in val_columns] for word, row in words.items()
    }


def test_test_counts_follow_from_the_threshold(consistent_shop, settings):
    consistent_shop.add(3, "red shirt", "blue shirt", split="test")  # three wrong texts
    consistent_shop.write()
    totals, words = run_calibrate(consistent_shop, settings)
    embedded = artefacts.read_embeddings(consistent_shop.inputs.embeddings)
    z = embedded.z.astype(np.float64)
    head = read_tag_head(consistent_shop.inputs.calibration, len(WORDS), len(WORDS))
    scores = head.score(z)
    test = np.array([split == "test" for split in embedded.photos["split"].to_pylist()])
    test_products = [product for product in consistent_shop.products if product.split == "test"]
    in_text = np.array(
        [[word in product.title_words + product.description_words for word in WORDS] for product in test_products]
    )
    predicted, true_positives, positives = 0, 0, 0
    for column, word in enumerate(WORDS[:4]):
        assert head.word_ids[column] == column
        is_above = scores[test, column] >= words[word]["threshold"]
        is_true = is_above & in_text[:, column]
        counts = (int(in_text[:, column].sum()), int(is_above.sum()), int(is_true.sum()))
        assert (
            words[word]["test_products"],
            words[word]["test_predicted"],
            words[word]["test_true_positives"],
        ) == counts
        positives += counts[0]
        predicted += counts[1]
        true_positives += counts[2]
    assert totals["precision"] == pytest.approx(true_positives / predicted)
    assert totals["recall"] == pytest.approx(true_positives / positives)
    assert totals["photo_precision"] == pytest.approx(totals["precision"])  # every product has one photo
    assert totals["tags_per_product"] == pytest.approx(predicted / 35)


def test_all_photos_of_a_product_count_as_one_product(consistent_shop, settings):
    consistent_shop.write()
    _, one_photo = run_calibrate(consistent_shop, settings)
    for number, product in enumerate(consistent_shop.products):
        consistent_shop.products[number] = replace(product, photo_words=product.photo_words * 5)
    consistent_shop.write()
    _, five_photos = run_calibrate(consistent_shop, settings)
    for word, row in one_photo.items():
        for name in ("val_products", "val_predicted", "val_true_positives", "test_products"):
            assert five_photos[word][name] == row[name]


def test_test_products_do_not_change_the_thresholds(consistent_shop, settings):
    consistent_shop.write()
    _, before = run_calibrate(consistent_shop, settings)
    consistent_shop.add(20, "red shirt", "blue dress", split="test")
    consistent_shop.write()
    _, after = run_calibrate(consistent_shop, settings)
    for word, row in before.items():
        for name in ("threshold", "slope", "intercept", "roc_auc", "val_predicted", "precision_lower_bound"):
            assert after[word][name] == row[name]


def test_a_word_whose_texts_are_often_wrong_reaches_a_low_precision_and_no_high_one(consistent_shop, settings):
    consistent_shop.add(20, "shirt", "red shirt", split="val")  # 20 of 52 red products do not say so
    consistent_shop.write()
    for target, reaches in ((0.4, True), (0.95, False)):
        _, words = run_calibrate(consistent_shop, replace(settings, target_precision=target))
        assert (words["red"]["threshold"] is not None) == reaches
    assert words["red"]["reject_reason"] == "precision not reached"


def test_few_products_are_enough_for_a_word_as_long_as_they_agree(consistent_shop, settings):
    few = replace(settings, min_products=5, confidence=0.8)
    consistent_shop.add(12, "red shirts", "red shirt shirts")
    consistent_shop.add(7, "red shirts", "red shirt shirts", split="val")
    consistent_shop.write()
    _, words = run_calibrate(consistent_shop, few)
    assert words["shirts"]["val_products"] == words["shirts"]["val_true_positives"] == 7
    assert words["shirts"]["threshold"] is not None  # by Clopper and Pearson seven of seven prove 0.79
    consistent_shop.add(7, "red shirt", "red shirt shirts", split="val")
    consistent_shop.write()
    _, words = run_calibrate(consistent_shop, few)
    assert words["shirts"]["val_predicted"] < 7


def test_outputs_are_deterministic_and_name_the_model(consistent_shop, settings, tmp_path):
    consistent_shop.write()
    run_calibrate(consistent_shop, settings)
    folder = consistent_shop.inputs.calibration
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    run_calibrate(consistent_shop, settings)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first
    summary = json.loads(first[files.CALIBRATION])
    assert summary["model"] == "cd" * 32
    assert (summary["target_precision"], summary["val_products"], summary["test_products"]) == (0.8, 64, 32)


def test_the_calibration_curve_and_the_word_map_cover_the_calibrated_words(consistent_shop, settings):
    consistent_shop.write()
    run_calibrate(consistent_shop, settings)
    folder = consistent_shop.inputs.calibration
    rows = tables.read_table(folder / files.CALIBRATION_CURVE, CALIBRATION_CURVE).to_pylist()
    assert sum(row["count"] for row in rows if row["word_group"] == "words with a probability") == 32 * 5
    points = tables.read_table(folder / files.WORD_MAP, WORD_MAP).to_pylist()
    assert {row["word"] for row in points} == {"red", "blue", "shirt", "dress", "wash"}
    assert all(0 <= row[axis] <= 1 for row in points for axis in ("x", "y"))
    assert all(row["word"] not in row["nearest"] for row in points)


def test_a_catalogue_without_val_products_raises_an_error(shop, settings):
    shop.add(20, "red shirt", "red shirt")
    shop.write()
    with pytest.raises(InputError, match="expected products with words in val"):
        run_calibrate(shop, settings)


def test_a_catalogue_without_training_products_raises_an_error(shop, settings):
    shop.add(20, "red shirt", "red shirt", split="val")
    shop.write()
    with pytest.raises(InputError, match="expected products with words in train"):
        run_calibrate(shop, settings)


def test_embeddings_of_another_model_raise_an_error(consistent_shop, settings):
    consistent_shop.write(model="ef" * 32)
    with pytest.raises(ModelError, match="another model made these embeddings"):
        run_calibrate(consistent_shop, settings)


def test_thresholds_are_read_only_for_the_model_they_belong_to(consistent_shop, settings):
    consistent_shop.write()
    run_calibrate(consistent_shop, settings)
    folder = consistent_shop.inputs.calibration
    calibrated = read_calibrated_words(folder, "cd" * 32, 6)
    assert calibrated.word_ids.tolist() == [0, 1, 2, 3]
    with pytest.raises(ModelError, match="thresholds belong to another model"):
        read_calibrated_words(folder, "ef" * 32, 6)
    with pytest.raises(ModelError, match="expected 7 words as in the model, got 6"):
        read_calibrated_words(folder, "cd" * 32, 7)
    (folder / files.CALIBRATION).write_text(json.dumps({"model": "cd" * 32, "penalty": 0.0}))
    with pytest.raises(ModelError, match="expected the penalty of the tag head, got 0"):
        read_calibrated_words(folder, "cd" * 32, 6)
    (folder / files.CALIBRATION).write_text("[]")
    with pytest.raises(ModelError, match="does not name a model"):
        read_calibrated_words(folder, "cd" * 32, 6)
    (folder / files.CALIBRATION).unlink()
    with pytest.raises(ModelError, match="cannot read the thresholds"):
        read_calibrated_words(folder, "cd" * 32, 6)
