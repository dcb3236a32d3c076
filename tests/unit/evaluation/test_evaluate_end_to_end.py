import io
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from safetensors.numpy import save_file
from stored_documents import add_documents, write_documents
from tiny_catalogue import DIM, ENCODERS, ROWS, WORDS, make_jpeg

from weft import artefacts, params, tables
from weft.contracts.tables import EXAMPLES, PER_QUERY
from weft.datasets import open_dataset
from weft.errors import BenchmarkError, ContractError, ModelError

pytestmark = pytest.mark.slow


def test_a_perfect_model_scores_one_and_a_random_one_less(tiny_catalogue, search):
    flat, metrics = tiny_catalogue.run(search)
    assert list(metrics["tables"]) == ["retrieval", "tagging", "text_to_product"]
    assert metrics["tables"]["retrieval"]["finetuned"] == {"recall_at_1": 1, "recall_at_2": 1, "map_at_r": 1}
    assert metrics["tables"]["tagging"]["finetuned"] == {"precision_at_1": 1, "precision_at_2": 1}
    assert metrics["tables"]["tagging"]["finetuned (kNN tags, k=2)"]["precision_at_2"] == 1
    assert metrics["tables"]["retrieval"]["frozen backbone"]["recall_at_1"] < 1
    assert flat["retrieval/finetuned/recall_at_1"] == 1
    assert flat["tagging/finetuned_kNN_tags_k_2/precision_at_2"] == 1


def test_every_table_has_the_same_row_names_in_the_same_order(tiny_catalogue, search):
    _, metrics = tiny_catalogue.run(search)
    assert list(metrics["tables"]["retrieval"]) == ENCODERS
    assert list(metrics["tables"]["tagging"]) == ROWS
    retrieval = metrics["tables"]["retrieval"]
    assert retrieval["head only"] == retrieval["frozen backbone"]
    assert any("by construction" in note for note in metrics["notes"])


def test_queries_are_the_test_photos_and_the_gallery_is_everything(tiny_catalogue, search):
    _, metrics = tiny_catalogue.run(search)
    counts = {"photos": 18, "queries": 6, "queries_without_a_positive": 0, "gallery_photos": 18}
    assert counts.items() <= metrics["counts"].items()


def test_photos_of_products_without_words_are_searched_but_no_word_is_scored_on_them(tiny_catalogue, search):
    add_documents(tiny_catalogue.root / "documents.parquet", {"alder/5": [], "alder/8": []})
    _, metrics = tiny_catalogue.run(search)
    counts = {"queries": 6, "gallery_photos": 18, "tagged_photos": 4, "test_photos_without_words": 2}
    assert counts.items() <= metrics["counts"].items()
    rows = tables.read_table(tiny_catalogue.root / "report" / "per_query.parquet", PER_QUERY).to_pylist()
    queries = {(row["table"], row["product_id"]) for row in rows}
    assert {product for table, product in queries if table == "retrieval"} == {"alder/6", "alder/7", "alder/8"}
    assert {product for table, product in queries if table != "retrieval"} == {"alder/6", "alder/7"}


def test_a_product_without_a_document_is_refused(tiny_catalogue, search):
    write_documents(tiny_catalogue.root / "documents.parquet", {"alder/0": [1]})
    with pytest.raises(ContractError, match="expected one for every product with photos, got none for 'alder/1'"):
        tiny_catalogue.run(search)


def test_a_photo_without_embeddings_is_left_out_and_counted(tiny_catalogue, search, rng):
    records = open_dataset(tiny_catalogue.benchmark).records
    noise = rng.normal(size=(18, DIM))
    tiny_catalogue.embed("catalogue", records, noise, noise, skip={"alder/7#1"})
    _, metrics = tiny_catalogue.run(search)
    expected = {"photos": 17, "photos_that_could_not_be_decoded": 1, "queries": 4, "queries_without_a_positive": 1}
    assert expected.items() <= metrics["counts"].items()


def test_without_second_photos_the_table_is_left_out_with_the_reason(tiny_catalogue, search, rng):
    records = open_dataset(tiny_catalogue.benchmark).records
    noise = rng.normal(size=(18, DIM))
    tiny_catalogue.embed(
        "catalogue", records, noise, noise, skip={r.photo_id for r in records if r.photo_id.endswith("#1")}
    )
    _, metrics = tiny_catalogue.run(search)
    assert list(metrics["tables"]) == ["tagging", "text_to_product"]
    assert any("retrieval is left out" in note for note in metrics["notes"])


def test_every_file_is_byte_equal_in_a_second_run(tiny_catalogue, search):
    tiny_catalogue.run(search, "first")
    tiny_catalogue.run(search, "second")
    first, second = (
        {file.name: file.read_bytes() for file in (tiny_catalogue.root / out).iterdir()} for out in ("first", "second")
    )
    assert first == second
    assert set(first) == {
        "slices.parquet",
        "confusions.parquet",
        "contact_sheet.jpg",
        "examples.parquet",
        "metrics.json",
        "nearest_words.json",
        "per_query.parquet",
    }


def test_examples_are_the_same_queries_for_both_models(tiny_catalogue, search):
    tiny_catalogue.run(search)
    rows = tables.read_table(tiny_catalogue.root / "report" / "examples.parquet", EXAMPLES).to_pylist()
    queries = {
        model: [row["photo_id"] for row in rows if (row["kind"], row["model"], row["rank"]) == ("retrieval", model, 0)]
        for model in ("frozen backbone", "finetuned")
    }
    assert queries["frozen backbone"] == queries["finetuned"]
    assert len({photo_id.split("#")[0] for photo_id in queries["finetuned"]}) == 3
    nearest = [row for row in rows if (row["model"], row["example"], row["rank"]) == ("finetuned", 0, 1)]
    assert nearest[0]["correct"]
    assert nearest[0]["score"] > 0.99
    assert all(Image.open(io.BytesIO(row["jpeg"])).height <= 128 for row in rows)


def test_tag_examples_hold_predicted_words_and_the_words_of_the_shop(tiny_catalogue, search):
    tiny_catalogue.run(search)
    rows = tables.read_table(tiny_catalogue.root / "report" / "examples.parquet", EXAMPLES).to_pylist()
    tags = [row for row in rows if row["kind"] == "tags"]
    assert len(tags) == 3
    assert all(sorted(row["predicted"][:2]) == row["truth"] for row in tags)


def test_other_vocabularies_or_widths_are_refused(tiny_catalogue, search):
    frame = pd.DataFrame({"word_id": [0, 1], "word": ["blue", "dress"], "document_frequency": 9, "count": 9})
    artefacts.write_words(tiny_catalogue.root / "words" / "words.tsv", frame)
    with pytest.raises(ModelError, match=r"W is \(6, 6\), but its words.tsv has 2 words"):
        tiny_catalogue.run(search)
    save_file({"words": np.eye(2, dtype=np.float32)}, tiny_catalogue.root / "words" / "model.safetensors")
    with pytest.raises(ModelError, match="different words"):
        tiny_catalogue.run(search)
    artefacts.write_words(tiny_catalogue.root / "embedder" / "words.tsv", frame)
    save_file({"words": np.eye(2, dtype=np.float32)}, tiny_catalogue.root / "embedder" / "model.safetensors")
    with pytest.raises(ModelError, match="features: expected 2 dimensions like W, got 6"):
        tiny_catalogue.run(search)


def test_embeddings_of_other_photos_are_refused(tiny_catalogue, search, rng):
    records = [
        replace(record, photo_id=f"x{n}") for n, record in enumerate(open_dataset(tiny_catalogue.benchmark).records)
    ]
    tiny_catalogue.embed("catalogue", records, rng.normal(size=(18, DIM)), rng.normal(size=(18, DIM)))
    with pytest.raises(ContractError, match="features@catalogue"):
        tiny_catalogue.run(search)


def add_labelled_benchmark(tiny_catalogue, rng, rows, **settings):
    """The catalogue with a benchmark of labelled photos whose trained z are the words of their labels."""
    folder = tiny_catalogue.root / "labelled"
    (folder / "images").mkdir(parents=True)
    for number, row in enumerate(rows):
        (folder / "images" / f"{number}.jpg").write_bytes(make_jpeg(number, height=200))
        row["image"] = f"{number}.jpg"
    (folder / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    benchmark = params.Benchmark(reader="labelled_photos", path=str(folder), **settings)
    labelled = replace(tiny_catalogue, benchmark=benchmark, name="labelled")
    texts = [f"{row['category']} {row['colour']}".lower() for row in rows]
    z = np.array([[word in text for word in WORDS] for text in texts], np.float32)
    labelled.embed("labelled", open_dataset(benchmark).records, z + 1e-3, rng.normal(size=z.shape))
    return labelled


def make_label_set(field, min_photos=2):
    return params.LabelSet(field=field, min_photos=min_photos)


PHOTOS = [
    {"category": category, "colour": colour, "sender": f"s{number}"}
    for number in range(6)
    for category, colour in (("Dresses", "Red"), ("Shirts", "Blue"), ("Long Skirts", "Red"))
]


def test_labels_are_predicted_from_their_words(tiny_catalogue, search, rng):
    labels = {"category": make_label_set("category"), "colour": make_label_set("colour")}
    _, metrics = add_labelled_benchmark(
        tiny_catalogue, rng, [*map(dict, PHOTOS)], labels=labels, match_all=("category", "colour")
    ).run(search)
    assert list(metrics["tables"]) == ["zero_shot/category", "zero_shot/colour", "label_retrieval"]
    assert list(metrics["tables"]["zero_shot/category"]) == ROWS
    assert metrics["tables"]["zero_shot/category"]["finetuned"] == {"top_1_accuracy": 1}
    # Six photos of each kind: five others at best among the ten nearest.
    assert metrics["tables"]["label_retrieval"]["finetuned"]["joint_precision_at_10"] == 0.5
    assert metrics["counts"]["category_labels"] == 3
    assert any("joint_precision_at_10 is at most 50.0 %" in note for note in metrics["notes"])


def test_labels_without_words_in_the_vocabulary_are_counted_and_wrong(tiny_catalogue, search, rng):
    rows = [*map(dict, PHOTOS), *({"category": "Watches", "colour": "Red", "sender": "w"} for _ in range(6))]
    _, metrics = add_labelled_benchmark(tiny_catalogue, rng, rows, labels={"category": make_label_set("category")}).run(
        search
    )
    assert metrics["counts"]["category_labels_without_words"] == 1
    assert any("Watches" in note for note in metrics["notes"])
    assert metrics["tables"]["zero_shot/category"]["finetuned"]["top_1_accuracy"] == 0.75


def test_rare_labels_do_not_count(tiny_catalogue, search, rng):
    rows = [*map(dict, PHOTOS), {"category": "Hats", "colour": "Red", "sender": "h"}]
    _, metrics = add_labelled_benchmark(tiny_catalogue, rng, rows, labels={"category": make_label_set("category")}).run(
        search
    )
    assert (metrics["counts"]["category_labels"], metrics["counts"]["category_photos"]) == (3, 18)


def test_neighbours_and_probe_are_scored_across_groups_without_words(tiny_catalogue, search, rng):
    labelled = add_labelled_benchmark(
        tiny_catalogue,
        rng,
        [*map(dict, PHOTOS)],
        labels={"category": make_label_set("category")},
        zero_shot=False,
        group_field="sender",
    )
    _, metrics = labelled.run(search)
    assert list(metrics["tables"]) == ["label_retrieval", "knn", "linear_probe"]
    assert metrics["counts"]["groups"] == 6
    for table in ("knn", "linear_probe"):
        assert list(metrics["tables"][table]) == ENCODERS
        assert metrics["tables"][table]["finetuned"] == {"category_accuracy": 1}


@pytest.mark.parametrize("val", [True, False])
def test_the_split_of_a_benchmark_is_used_by_the_probe(tiny_catalogue, search, rng, val):
    splits = ["train", "train", "val" if val else "train", "test"]
    rows = [{**row, "split": splits[number % 4]} for number, row in enumerate(PHOTOS * 2)]
    _, metrics = add_labelled_benchmark(
        tiny_catalogue, rng, rows, labels={"category": make_label_set("category")}, zero_shot=False
    ).run(search)
    for table in ("knn", "linear_probe"):
        assert metrics["tables"][table]["finetuned"] == {"category_accuracy": 1}
    scored = [row for row in rows if row["split"] == "test"]
    scores = tables.read_table(tiny_catalogue.root / "report" / "per_query.parquet", PER_QUERY).to_pylist()
    counted = [row for row in scores if row["table"] == "linear_probe" and row["denominator"] == [1.0]]
    assert len(counted) == 3 * len(scored)


def test_too_few_groups_leave_the_tables_out_with_the_reason(tiny_catalogue, search, rng):
    rows = [{**row, "sender": "ann"} for row in PHOTOS]
    labels = {"category": make_label_set("category")}
    _, metrics = add_labelled_benchmark(
        tiny_catalogue, rng, rows, labels=labels, zero_shot=False, group_field="sender"
    ).run(search)
    assert list(metrics["tables"]) == ["label_retrieval"]
    assert any("expected at least 2 labels and photos of 3 groups" in note for note in metrics["notes"])


def test_a_benchmark_without_label_sets_is_refused(tiny_catalogue, search, rng):
    with pytest.raises(BenchmarkError, match="nothing to measure; name its labels"):
        add_labelled_benchmark(tiny_catalogue, rng, [*map(dict, PHOTOS)]).run(search)
    assert not (tiny_catalogue.root / "report").exists()


def test_inshop_queries_search_only_the_gallery(tiny_catalogue, search, rng):
    folder = tiny_catalogue.root / "inshop"
    names = [f"img/{number}.jpg" for number in range(6)]
    statuses = ("train", "query", "query", "query", "gallery", "gallery")
    items = ("a", "a", "b", "c", "b", "c")
    (folder / "Eval").mkdir(parents=True)
    (folder / "img").mkdir()
    lines = ["6", "image_name item_id evaluation_status"]
    for number, (name, item, status) in enumerate(zip(names, items, statuses, strict=True)):
        (folder / name).write_bytes(make_jpeg(number))
        lines.append(f"{name} {item} {status}")
    (folder / "Eval" / "list_eval_partition.txt").write_text("\n".join(lines))
    inshop = replace(tiny_catalogue, benchmark=params.Benchmark(reader="inshop", path=str(folder)), name="inshop")
    z = np.eye(DIM)[[0, 0, 1, 2, 1, 3]] + np.eye(DIM)[4]
    inshop.embed("inshop", open_dataset(inshop.benchmark).records, z, rng.normal(size=z.shape))
    _, metrics = inshop.run(search)
    # Item a has only a training photo, so its query is left out; b finds its photo, c comes first by gallery order.
    row = metrics["tables"]["retrieval"]["finetuned"]
    expected = {"recall_at_1": 0.5, "recall_at_2": 1, "recall_all_at_1": 0.5, "map_at_r": 0.5}
    assert expected.items() <= row.items()
    assert [f"recall_at_{k}" for k in (1, 2, 10, 20, 30, 40, 50)] == [
        name for name in row if name.startswith("recall_at")
    ]
    assert metrics["counts"] == {"photos": 6, "queries": 2, "queries_without_a_positive": 1, "gallery_photos": 2}
