"""What load_params refuses, and what its messages say. That the project's own files load is tested in house."""

import copy
from pathlib import Path

import pytest
import yaml

from weft import params
from weft.errors import ParamsError
from weft.params.renamed import RENAMED_KEYS

DEFAULT = Path(__file__).parents[2] / "params.yaml"
VALUES = yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))


@pytest.fixture
def get_error(tmp_path):
    """Return a function that gives the error of params.yaml after a change of its values."""

    def get(change):
        changed = copy.deepcopy(VALUES)
        change(changed)
        path = tmp_path / "params.yaml"
        path.write_text(yaml.safe_dump(changed), encoding="utf-8")
        with pytest.raises(ParamsError) as error:
            params.load_params(path)
        assert str(error.value).startswith(f"{path}: ")
        return str(error.value).removeprefix(f"{path}: ")

    return get


def set_key(key, value):
    """Return a change that sets a dotted key; numbers are indices of a list."""

    def change(values):
        *parents, last = key.split(".")
        for part in parents:
            values = values[int(part)] if isinstance(values, list) else values.setdefault(part, {})
        values[last] = value

    return change


@pytest.mark.parametrize(
    "key",
    [
        "clean.min_token_lenght",
        "crawl.snapshots",
        "crawl.shops.1.adress",
        "finetune.augmentation.flips",
        "training.sampling.alpha",
    ],
)
def test_an_unknown_key_is_named(get_error, key):
    assert get_error(set_key(key, 1)) == f"{key}: unknown key; correct its spelling or remove it"


def test_an_unknown_section_is_named(get_error):
    assert get_error(lambda values: values.update(trian={})).startswith("trian: unknown key")


@pytest.mark.parametrize(
    ("key", "value", "variant"),
    [
        ("training.loss.num_negatives", 100, "full_softmax"),
        ("training.logits.temperature", 0.05, "dot_product"),
        ("train_head.optimizer.momentum", 0.9, "adamw"),
        ("finetune.lr_schedule.warmup_epochs", 1.0, "one_cycle"),
        ("finetune.word_weighting.min_predictability", 0.5, "none"),
    ],
)
def test_a_key_that_the_variant_does_not_read_is_an_error_that_says_how_to_remove_it(get_error, key, value, variant):
    union = key.rpartition(".")[0]
    assert get_error(set_key(key, value)) == (
        f"{key}: {union}.name = {variant} does not read this key; remove the key (dvc exp run -S '~{key}') or choose "
        f"another {union}.name"
    )


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("clean", "fields"),
        ("finetune", "augmentation"),
        ("training", "seed"),
    ],
)
def test_a_missing_key_is_named(get_error, section, key):
    assert get_error(lambda values: values[section].pop(key)) == f"{section}.{key}: missing key"


@pytest.mark.parametrize("key", ["optimizer.head_lr", "optimizer.name", "lr_schedule.name"])
def test_a_missing_key_of_a_variant_is_named(get_error, key):
    group, _, name = key.partition(".")
    assert get_error(lambda values: values["train_head"][group].pop(name)) == f"train_head.{key}: missing key"


def test_a_missing_section_is_named(get_error):
    assert get_error(lambda values: values.pop("evaluate")) == "evaluate: missing key"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("crawl.delay", -1.0),
        ("crawl.concurrency", 0),
        ("crawl.shops", []),
        ("vocabulary.boilerplate_min_df", 1.5),
        ("vocabulary.boilerplate_min_ratio", 0.5),
        ("prepare.height", 8),
        ("prepare.jpeg_quality", 101),
        ("prepare.phash_max_distance", 17),
        ("training.targets", "two_words"),
        ("training.sampling.inverse_frequency_exponent", 1.01),
        ("training.sampling.max_photo_repeats", -1),
        ("train_head.epochs", -1),
        ("finetune.optimizer.backbone_lr", 0.0),
        ("finetune.optimizer.backbone_lr", float("nan")),
        ("finetune.batch_size", "many"),
        ("evaluate.top_k", [0]),
        ("clean.fields", ["title", "smell"]),
    ],
)
def test_a_value_out_of_range_is_named(get_error, key, value):
    assert get_error(set_key(key, value)).startswith(key)


@pytest.mark.parametrize(
    ("key", "variant", "wrong"),
    [
        ("training.loss", {"name": "sampled_softmax"}, {"negative_distribution": "zipf"}),
        ("training.loss", {"name": "sampled_softmax"}, {"num_negatives": 0}),
        ("training.logits", {"name": "cosine"}, {"temperature": 0.0}),
        ("finetune.word_weighting", {"name": "threshold"}, {"min_predictability": 1.5}),
        ("train_head.optimizer", {"name": "sgd", "head_lr": 1.0, "weight_decay": 0.0}, {"momentum": 1.0}),
    ],
)
def test_a_value_out_of_range_in_a_variant_is_named(get_error, key, variant, wrong):
    ((name, value),) = wrong.items()
    assert get_error(set_key(key, variant | wrong)).startswith(f"{key}.{name} = {value!r}: ")


@pytest.mark.parametrize("key", ["training.loss", "training.logits", "train_head.optimizer", "finetune.lr_schedule"])
def test_the_error_of_an_unknown_variant_lists_the_known_ones(get_error, key):
    assert get_error(set_key(f"{key}.name", "hinge")).startswith(f"{key}.name = 'hinge': expected one of '")


def test_a_name_instead_of_a_mapping_is_refused(get_error):
    assert get_error(set_key("training.loss", "full_softmax")) == (
        "training.loss = 'full_softmax': expected a mapping of keys"
    )


def test_all_errors_are_listed_at_once(get_error):
    def change(values):
        values["clean"]["min_token_length"] = 0
        del values["model"]["weights"]

    message = get_error(change)
    assert "clean.min_token_length = 0: " in message
    assert "model.weights: missing key" in message


@pytest.mark.parametrize("old", sorted(RENAMED_KEYS))
def test_a_renamed_key_is_refused_with_its_new_name(get_error, old):
    key = old.replace("shops.*", "shops.0").replace("*", "catalogue", 1).replace("*", "colour")

    def change(values):
        values["benchmarks"]["catalogue"]["labels"] = {"colour": {"field": "colour", "min_photos": 1}}
        set_key(key, 1)(values)

    new = RENAMED_KEYS[old].replace("shops.*", "shops.0").replace("*", "catalogue", 1).replace("*", "colour")
    assert f"{key}: unknown key; it is now {new}" in get_error(change)


def test_renamed_keys_are_not_reported_as_missing_under_their_new_name_too(get_error):
    def change(values):
        values["finetune"]["ema"] = values["finetune"].pop("ema_decay")

    assert get_error(change) == "finetune.ema: unknown key; it is now finetune.ema_decay"


def find_values(key, values):
    """Return the values at a dotted key in which `*` stands for any name or index."""
    found = [values]
    for part in key.split("."):
        items = [dict(enumerate(value)) if isinstance(value, list) else value for value in found]
        mappings = [item for item in items if isinstance(item, dict)]
        if part == "*":
            found = [value for item in mappings for value in item.values()]
        else:
            found = [item[part] for item in mappings if part in item]
    return found


def test_no_renamed_key_is_a_key_of_params_yaml():
    assert [key for key in RENAMED_KEYS if find_values(key, VALUES)] == []


def test_two_shops_of_one_name_are_refused(get_error):
    def change(values):
        values["crawl"]["shops"][1]["name"] = values["crawl"]["shops"][0]["name"]

    assert get_error(change) == "crawl.shops: two shops have the same name; give each its own"


@pytest.mark.parametrize("name", ["Alder", "al/der", "", "../x", "-x"])
def test_the_name_of_a_shop_must_fit_into_product_ids(get_error, name):
    assert get_error(lambda values: values["crawl"]["shops"][0].update(name=name)).startswith("crawl.shops.0.name = ")


def test_the_contrastive_loss_needs_cosine_logits(get_error):
    message = get_error(lambda values: values["training"].update(loss={"name": "contrastive"}))
    assert message == "training.loss.name = contrastive compares directions; set training.logits.name: cosine"


def test_a_projection_before_cosine_logits_cannot_be_discarded(get_error):
    def change(values):
        values["training"]["logits"] = {"name": "cosine"}
        values["finetune"]["discard_projection_head"] = True

    assert get_error(change).startswith("finetune.discard_projection_head: expected false, because training.logits")


def test_a_batch_whose_photos_are_compared_cannot_be_accumulated(get_error):
    def change(values):
        values["finetune"]["accumulate"] = 4
        values["finetune"]["bag_similarity"]["weight"] = 0.5

    assert get_error(change).startswith("finetune.accumulate = 4: expected 1, because training.loss.name = contrastive")


def test_early_stopping_needs_a_criterion(get_error):
    error = get_error(lambda values: values["finetune"].update(keep_best_by="last", early_stopping_patience=2))
    assert error.startswith(
        "finetune.early_stopping_patience = 2: expected 0, because with finetune.keep_best_by = last"
    )


def test_the_head_is_not_kept_by_a_metric_that_it_does_not_change(get_error):
    error = get_error(lambda values: values["train_head"].update(keep_best_by="val_map_at_r"))
    assert error.startswith("train_head.keep_best_by = 'val_map_at_r': Input should be 'val_tag_precision', 'val_loss'")


def test_val_and_test_must_leave_products_to_train_on(get_error):
    assert "expected less than 1" in get_error(lambda v: v["prepare"].update(val_share=0.5, test_share=0.5))


def test_the_crawled_catalogue_must_be_a_benchmark(get_error):
    assert get_error(lambda values: values.update(benchmarks={})).startswith("benchmarks.catalogue: missing")


def test_match_all_must_name_label_sets(get_error):
    def change(values):
        values["benchmarks"]["catalogue"]["match_all"] = ["colour"]

    assert get_error(change) == "benchmarks.catalogue.match_all: expected names of its label sets, got colour"


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words"])
def test_a_file_without_sections_is_refused(tmp_path, text):
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(ParamsError, match=r"params\.yaml: expected the sections crawl, clean, .*got no mapping"):
        params.load_params(tmp_path / "params.yaml")


@pytest.mark.parametrize("data", [b"a: [", b"a: \xff", b"a: !!python/object/apply:os.getcwd []"])
def test_a_file_that_is_not_plain_yaml_is_refused(tmp_path, data):
    (tmp_path / "params.yaml").write_bytes(data)
    with pytest.raises(ParamsError, match=r"params\.yaml: cannot be read as YAML"):
        params.load_params(tmp_path / "params.yaml")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ParamsError, match=r"params\.yaml: cannot be read as YAML: .*No such file"):
        params.load_params(tmp_path / "params.yaml")
