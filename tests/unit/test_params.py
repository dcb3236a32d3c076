"""What params.load refuses, and how it says so; that our own files load is tested in house."""

import copy
from pathlib import Path

import pytest
import yaml

from weft import params
from weft.errors import ParamsError

DEFAULT = Path(__file__).parents[2] / "params.yaml"


@pytest.fixture
def answer_to(tmp_path):
    """The error that params.yaml gets with some keys changed; None where it loads."""
    values = yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))

    def answer(change):
        changed = copy.deepcopy(values)
        change(changed)
        path = tmp_path / "params.yaml"
        path.write_text(yaml.safe_dump(changed), encoding="utf-8")
        with pytest.raises(ParamsError) as error:
            params.load_params(path)
        assert str(error.value).startswith(f"{path}: ")
        return str(error.value).removeprefix(f"{path}: ")

    return answer


@pytest.mark.parametrize(
    ("section", "key"), [("clean", "min_leters"), ("crawl", "snapshots"), ("finetune", "learning_rates")]
)
def test_an_unknown_key_is_named(answer_to, section, key):
    def change(values):
        values[section][key] = 1

    assert answer_to(change) == f"{section}.{key}: unknown key, remove it or mend its spelling"


def test_an_unknown_section_is_named(answer_to):
    assert answer_to(lambda values: values.update(trian={})).startswith("trian: unknown key")


def test_an_unknown_key_of_a_shop_is_named_with_its_place(answer_to):
    assert answer_to(lambda values: values["crawl"]["shops"][1].update(adress="x")).startswith(
        "crawl.shops.1.adress: unknown key"
    )


@pytest.mark.parametrize(("section", "key"), [("clean", "fields"), ("finetune", "shift"), ("train_head", "seed")])
def test_a_missing_key_is_named(answer_to, section, key):
    assert answer_to(lambda values: values[section].pop(key)) == f"{section}.{key}: missing key"


def test_a_missing_section_is_named(answer_to):
    assert answer_to(lambda values: values.pop("evaluate")) == "evaluate: missing key"


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("crawl", "delay", -1.0),
        ("crawl", "concurrency", 0),
        ("vocabulary", "boilerplate_share", 1.5),
        ("vocabulary", "boilerplate_ratio", 0.5),
        ("prepare", "height", 8),
        ("prepare", "jpeg_quality", 101),
        ("prepare", "duplicate_distance", 17),
        ("train_head", "epochs", -1),
        ("train_head", "target", "two_words"),
        ("train_head", "balance", 1.01),
        ("train_head", "most_draws", -1),
        ("train_head", "loss", "hinge"),
        ("train_head", "proposal", "zipf"),
        ("train_head", "negatives", 0),
        ("train_head", "temperature", 0.0),
        ("finetune", "visualness", False),
        ("finetune", "min_visualness", 1.5),
        ("finetune", "learning_rate", 0.0),
        ("finetune", "learning_rate", float("nan")),
        ("finetune", "momentum", 1.0),
        ("finetune", "batch_size", "many"),
        ("evaluate", "top_k", [0]),
        ("clean", "fields", ["title", "smell"]),
        ("crawl", "shops", []),
    ],
)
def test_a_value_out_of_range_is_named(answer_to, section, key, value):
    def change(values):
        values[section][key] = value

    assert answer_to(change).startswith(f"{section}.{key}")


def test_every_mistake_is_told_at_once(answer_to):
    def change(values):
        values["clean"]["min_letters"] = 0
        del values["model"]["weights"]

    said = answer_to(change)
    assert "clean.min_letters = 0: " in said
    assert "model.weights: missing key" in said


def test_two_shops_of_one_name_are_refused(answer_to):
    def change(values):
        values["crawl"]["shops"][1]["name"] = values["crawl"]["shops"][0]["name"]

    assert answer_to(change) == "crawl.shops: two shops have the same name; give each its own"


@pytest.mark.parametrize("name", ["Alder", "al/der", "", "../x", "-x"])
def test_a_shops_name_must_fit_into_product_ids(answer_to, name):
    assert answer_to(lambda values: values["crawl"]["shops"][0].update(name=name)).startswith("crawl.shops.0.name = ")


def test_the_contrastive_loss_wants_normalised_scores(answer_to):
    told = answer_to(lambda values: values["finetune"].update(loss="contrastive"))
    assert told == "finetune.loss = contrastive compares directions: set finetune.normalise: true"


def test_a_projection_before_normalised_scores_does_not_fold(answer_to):
    told = answer_to(lambda values: values["finetune"].update(normalise=True, fold_projection=True))
    assert told == "finetune.normalise = true stands between the projection and W: set finetune.fold_projection: false"


def test_shares_must_leave_something_to_train_on(answer_to):
    assert "leave nothing to train on" in answer_to(lambda v: v["prepare"].update(val_share=0.5, test_share=0.5))


def test_the_own_catalogue_must_be_a_benchmark(answer_to):
    assert answer_to(lambda values: values.update(benchmarks={})).startswith("benchmarks.catalogue: missing")


def test_same_must_name_label_sets(answer_to):
    def change(values):
        values["benchmarks"]["catalogue"]["same"] = ["colour"]

    assert answer_to(change) == "benchmarks.catalogue.same: colour is not one of its labels"


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words"])
def test_a_file_without_sections_is_answered(tmp_path, text):
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(ParamsError, match=r"params\.yaml: wanted the sections crawl, clean, .*found no mapping"):
        params.load_params(tmp_path / "params.yaml")


@pytest.mark.parametrize("data", [b"a: [", b"a: \xff", b"a: !!python/object/apply:os.getcwd []"])
def test_a_file_that_is_no_plain_yaml_is_answered(tmp_path, data):
    (tmp_path / "params.yaml").write_bytes(data)
    with pytest.raises(ParamsError, match=r"params\.yaml: cannot be read as YAML"):
        params.load_params(tmp_path / "params.yaml")


def test_a_missing_file_is_answered(tmp_path):
    with pytest.raises(ParamsError, match=r"params\.yaml: cannot be read as YAML: .*No such file"):
        params.load_params(tmp_path / "params.yaml")
