"""params.yaml and the presets load, `dvc exp run -S` changes each key, and the generated files are current."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.utils.hydra import apply_overrides
from import_walk import ROOT

from weft import params
from weft.params import reference

FILES = [ROOT / "params.yaml", *sorted((ROOT / "presets").glob("*.yaml"))]
SCHEMA_MODELINE = "# yaml-language-server: $schema=params.schema.json"
SCHEMA = reference.build_schema()
FREE_MAPPINGS = {"crawl.quality_checks.max_failure_rate", "crawl.quality_checks.min_field_coverage", "benchmarks"}
"""Mappings whose keys are chosen by the user: they are changed as a whole."""


def iter_leaves(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted keys of all values that are no mapping of fixed keys."""
    for key, value in values.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and path not in FREE_MAPPINGS:
            yield from iter_leaves(value, f"{path}.")
        else:
            yield path, value


def iter_variants(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the dotted key of each union in `values` with each name that the schema allows."""
    for section, reference_to in SCHEMA["properties"].items():
        definition = SCHEMA["$defs"].get(reference_to.get("$ref", "").rpartition("/")[2], {})
        for key, value in definition.get("properties", {}).items():
            for name in value.get("discriminator", {}).get("mapping", {}):
                if key in values[section]:
                    yield f"{section}.{key}.name", name


def format_override(value: Any) -> str:
    """Write a value in the grammar of Hydra's overrides."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{format_override(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(format_override(item) for item in value) + "]"
    return f"'{value}'" if isinstance(value, str) else json.dumps(value)


@pytest.fixture
def override(tmp_path: Path) -> Any:
    """Return a function that applies overrides to a copy of a params file, as `dvc exp run -S` does, and loads it."""

    def load_with(file: Path, *overrides: str) -> params.Params:
        shutil.copyfile(file, tmp_path / "params.yaml")
        apply_overrides(tmp_path / "params.yaml", list(overrides))
        return params.load_params(tmp_path / "params.yaml")

    return load_with


DEFAULTS = yaml.safe_load(FILES[0].read_text())
PAPER = yaml.safe_load((ROOT / "presets" / "paper.yaml").read_text())


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_a_params_file_loads(file: Path) -> None:
    assert params.load_params(file).benchmarks["catalogue"].reader == "catalogue"


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_editors_find_the_schema_of_a_params_file(file: Path) -> None:
    assert file.read_text().splitlines()[0] == SCHEMA_MODELINE
    assert (file.parent / "params.schema.json").is_file()


@pytest.mark.parametrize("key", [key for key, _ in iter_leaves(DEFAULTS)])
def test_dvc_exp_run_overrides_each_key_of_params_yaml(override: Any, key: str) -> None:
    value = dict(iter_leaves(DEFAULTS))[key]
    assert override(FILES[0], f"{key}={format_override(value)}") == params.load_params(FILES[0])


@pytest.mark.parametrize(
    "key", sorted({key for key, _ in iter_leaves(PAPER)} - {key for key, _ in iter_leaves(DEFAULTS)})
)
def test_dvc_exp_run_overrides_each_key_that_only_the_paper_preset_has(override: Any, key: str) -> None:
    file = ROOT / "presets" / "paper.yaml"
    assert override(file, f"{key}={format_override(dict(iter_leaves(PAPER))[key])}") == params.load_params(file)


@pytest.mark.parametrize(("key", "name"), list(iter_variants(DEFAULTS)))
def test_dvc_exp_run_switches_to_each_variant_by_its_name(override: Any, key: str, name: str) -> None:
    overrides = [f"{key}={name}"]
    if name == "contrastive":
        overrides.append("training.logits.name=cosine")
    section, group, _ = key.split(".")
    assert getattr(getattr(override(FILES[0], *overrides), section), group).name == name


def test_dvc_exp_run_adds_a_key_that_is_left_out(override: Any) -> None:
    overrides = ["training.loss.name=sampled_softmax", "+training.loss.num_negatives=7"]
    assert override(FILES[0], *overrides).training.loss.num_negatives == 7


def test_dvc_exp_run_removes_a_key_that_the_variant_does_not_read(override: Any) -> None:
    loss_keys = [key for key in PAPER["training"]["loss"] if key != "name"]
    overrides = ["training.loss.name=full_softmax", *(f"~training.loss.{key}" for key in loss_keys)]
    assert override(ROOT / "presets" / "paper.yaml", *overrides).training.loss.name == "full_softmax"


def test_the_schema_is_current() -> None:
    assert (ROOT / reference.SCHEMA_PATH).read_text(encoding="utf-8") == reference.format_schema(SCHEMA), (
        "run python -m weft.params.reference"
    )


def test_the_reference_of_all_keys_is_current() -> None:
    assert (ROOT / reference.REFERENCE_PATH).read_text(encoding="utf-8") == reference.format_reference(SCHEMA), (
        "run python -m weft.params.reference"
    )


def test_every_key_has_a_description() -> None:
    undescribed = [
        f"{name}.{key}"
        for name, definition in SCHEMA["$defs"].items()
        for key, value in definition["properties"].items()
        if "$ref" not in value and not value.get("description")
    ]
    assert undescribed == []
