"""Category & Attribute in miniature: our own drawings in its file layout, scored whole."""

from dataclasses import replace

import numpy as np
import pytest
from world import DIM, WORDS

from weft import params
from weft.datasets import open_dataset

CATEGORIES = {1: "shirt", 2: "skirt", 3: "dress"}
CLOTH = ["Shirt  1", "Skirt  2", "Long Dress  3"]
ATTRIBUTES = ["red  1", "blue  1", "chiffon  2", "long  3", "a line  3", "party wear  5"]
KNOWN = {"red": 0, "blue": 1, "long": 3}


@pytest.fixture
def foreign(world, rng, write_attributes, write_list_file, draw_garment):
    """30 photos; trained z holds the words of category and attributes, frozen z noise."""
    photos, z = [], []
    for number in range(30):
        category = number % 3 + 1
        has = {"red", "blue"} if number % 5 == 0 else {("red", "blue")[number % 2]}
        if category == 3:
            has.add("long")
        labels = [1 if name in has else -1 for name in ("red", "blue", "chiffon", "long", "a line", "party wear")]
        labels[4] = 0
        labels[5] = 1 if category == 1 else -1
        status = ("train", "val", "test")[number // 3 % 3]
        photos.append((f"img/Drawn_{category}/img_{number:08}.jpg", category, labels, status))
        z.append([3 * (word == CATEGORIES[category]) + (word in has) for word in WORDS])
    images = [draw_garment(("red", "blue")[n % 2], seed=n) for n in range(30)]
    folder = write_attributes(world.root / "foreign", photos, ATTRIBUTES, images=images)
    write_list_file(folder / "Anno" / "list_category_cloth.txt", CLOTH, "category_name category_type")
    benchmark = params.Benchmark(reader="deepfashion_attributes", path=str(folder))
    made = replace(world, benchmark=benchmark, name="foreign")
    z = np.array(z, float) + 0.01 * rng.normal(size=(30, DIM))
    made.embed("foreign", open_dataset(benchmark).records, z, rng.normal(size=z.shape))
    return made


def test_words_and_probe_stand_in_tables_of_their_own(foreign, search):
    _, metrics = foreign.run(search)
    kinds = ("texture", "shape", "style", "mean_of_types", "all_at_once")
    assert list(metrics["tables"]) == [
        "zero_shot/category",
        *(f"attributes/{kind}" for kind in kinds),
        *(f"linear_probe/attributes/{kind}" for kind in kinds),
        "linear_probe/category",
    ]
    assert list(metrics["tables"]["attributes/texture"]) == [
        "frozen backbone (kNN tags, k=2)",
        "head only",
        "finetuned",
        "finetuned (kNN tags, k=2)",
    ]
    assert list(metrics["tables"]["linear_probe/category"]) == ["frozen backbone", "finetuned"]


def test_a_model_that_knows_the_words_finds_all_that_have_words(foreign, search):
    _, metrics = foreign.run(search)
    tables = metrics["tables"]
    assert tables["zero_shot/category"]["finetuned"]["top_1_accuracy"] == 1
    assert tables["attributes/texture"]["finetuned"] == {
        "top_3_attribute_recall": 1,
        "top_5_attribute_recall": 1,
    }
    # Nobody says party wear: by words it is never found, a probe can learn it.
    assert tables["attributes/style"]["finetuned"]["top_3_attribute_recall"] == 0
    assert tables["linear_probe/attributes/style"]["finetuned"]["top_3_attribute_recall"] == 1
    mean = np.mean([tables[f"attributes/{kind}"]["finetuned"]["top_3_attribute_recall"] for kind in
                    ("texture", "shape", "style")])  # fmt: skip
    assert tables["attributes/mean_of_types"]["finetuned"]["top_3_attribute_recall"] == pytest.approx(mean)
    assert metrics["intervals"]["attributes/mean_of_types"]["finetuned"]["top_3_attribute_recall"]


def test_what_is_counted_and_left_out_is_said(foreign, search):
    _, metrics = foreign.run(search)
    assert metrics["counts"]["attributes"] == 6
    assert metrics["counts"]["attributes_without_words"] == 3
    notes = " ".join(metrics["notes"])
    assert "the coarse set: 6 attributes (2 texture, 1 fabric, 2 shape, 1 style)" in notes
    assert "30 labels are unknown (0)" in notes
    assert "attributes/fabric is left out: no test photo has an attribute of it" in notes
    assert "mean_of_types" in notes
    assert "all_at_once" in notes
    assert "3 of 6 (50.0 %) have no word" in notes
    assert metrics["sizes"]["attributes/texture"]["observations"] == 9


def test_the_ceiling_is_told_where_photos_have_more_than_k(world, foreign, search, write_attributes):
    photos = [(record.photo_id, 1, [1] * 6, record.split) for record in open_dataset(foreign.benchmark).records]
    write_attributes(world.root / "foreign", photos, ["a 1", "b 1", "c 1", "d 1", "red 1", "blue 2"])
    _, metrics = foreign.run(search)
    assert metrics["upper_bounds"]["attributes/texture"] == {"top_3_attribute_recall": 0.6}
    assert metrics["upper_bounds"]["attributes/all_at_once"]["top_3_attribute_recall"] == 0.5
    assert metrics["upper_bounds"]["attributes/mean_of_types"] == {"top_3_attribute_recall": 0.8}


def test_training_photos_of_the_benchmark_are_not_scored(foreign, search):
    _, metrics = foreign.run(search)
    assert metrics["counts"]["photos"] == 30
    assert metrics["counts"]["category_photos"] == 9
