"""Evaluation of a small data set of drawings in the layout of Category and Attribute Prediction."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_catalogue import DIM, WORDS

from weft import params
from weft.datasets import open_dataset

CATEGORIES = {1: "shirt", 2: "skirt", 3: "dress"}
CLOTH = ["Shirt  1", "Skirt  2", "Long Dress  3"]
ATTRIBUTES = ["red  1", "blue  1", "chiffon  2", "long  3", "a line  3", "party wear  5"]
KNOWN = {"red": 0, "blue": 1, "long": 3}


@pytest.fixture
def attribute_benchmark(tiny_catalogue, rng, write_attributes, write_list_file, draw_garment):
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
    folder = write_attributes(tiny_catalogue.root / "attribute_benchmark", photos, ATTRIBUTES, images=images)
    write_list_file(folder / "Anno" / "list_category_cloth.txt", CLOTH, "category_name category_type")
    benchmark = params.Benchmark(reader="deepfashion_attributes", path=str(folder))
    catalogue = replace(tiny_catalogue, benchmark=benchmark, name="attribute_benchmark")
    z = np.array(z, float) + 0.01 * rng.normal(size=(30, DIM))
    catalogue.embed("attribute_benchmark", open_dataset(benchmark).records, z, rng.normal(size=z.shape))
    return catalogue


def test_words_and_the_linear_probe_have_separate_tables(attribute_benchmark, search):
    _, metrics = attribute_benchmark.run(search)
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


def test_a_perfect_model_finds_all_attributes_that_have_words(attribute_benchmark, search):
    _, metrics = attribute_benchmark.run(search)
    tables = metrics["tables"]
    assert tables["zero_shot/category"]["finetuned"]["top_1_accuracy"] == 1
    assert tables["attributes/texture"]["finetuned"] == {
        "top_3_attribute_recall": 1,
        "top_5_attribute_recall": 1,
    }
    # Party wear is not in the vocabulary: word scores never find it, and a probe can learn it.
    assert tables["attributes/style"]["finetuned"]["top_3_attribute_recall"] == 0
    assert tables["linear_probe/attributes/style"]["finetuned"]["top_3_attribute_recall"] == 1
    mean = np.mean([tables[f"attributes/{kind}"]["finetuned"]["top_3_attribute_recall"] for kind in
                    ("texture", "shape", "style")])  # fmt: skip
    assert tables["attributes/mean_of_types"]["finetuned"]["top_3_attribute_recall"] == pytest.approx(mean)
    assert metrics["intervals"]["attributes/mean_of_types"]["finetuned"]["top_3_attribute_recall"]


def test_counts_and_notes_report_what_is_scored_and_what_is_left_out(attribute_benchmark, search):
    _, metrics = attribute_benchmark.run(search)
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


def test_upper_bounds_are_reported_if_photos_have_more_than_k_attributes(
    tiny_catalogue, attribute_benchmark, search, write_attributes
):
    photos = [
        (record.photo_id, 1, [1] * 6, record.split) for record in open_dataset(attribute_benchmark.benchmark).records
    ]
    write_attributes(
        tiny_catalogue.root / "attribute_benchmark", photos, ["a 1", "b 1", "c 1", "d 1", "red 1", "blue 2"]
    )
    _, metrics = attribute_benchmark.run(search)
    assert metrics["upper_bounds"]["attributes/texture"] == {"top_3_attribute_recall": 0.6}
    assert metrics["upper_bounds"]["attributes/all_at_once"]["top_3_attribute_recall"] == 0.5
    assert metrics["upper_bounds"]["attributes/mean_of_types"] == {"top_3_attribute_recall": 0.8}


def test_training_photos_of_the_benchmark_are_not_scored(attribute_benchmark, search):
    _, metrics = attribute_benchmark.run(search)
    assert metrics["counts"]["photos"] == 30
    assert metrics["counts"]["category_photos"] == 9
