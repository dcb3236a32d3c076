"""Which stages run again after a change of params.yaml, by DVC's own graph."""

import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
import yaml
from dvc.dependency.param import ParamsDependency
from dvc.repo import Repo
from import_walk import ROOT

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))

SCORES = {"evaluate@catalogue", "report"}
TAGS = {"calibrate", "audit", "report"}
AFTER_FINETUNE = {"finetune", "embed@catalogue"} | SCORES | TAGS
AFTER_TRAIN_HEAD = {"train_head"} | AFTER_FINETUNE
WORDS = {"vocabulary", "documents"} | AFTER_TRAIN_HEAD
PHOTOS = {"prepare", "features@catalogue"} | AFTER_TRAIN_HEAD
ENCODER = {"features@catalogue"} | AFTER_TRAIN_HEAD
DATASET = ENCODER

EXPECTED = {
    "crawl": {"crawl", "clean"} | WORDS | PHOTOS,
    "clean": {"clean"} | WORDS,
    "vocabulary": WORDS,
    "prepare": PHOTOS,
    "prepare.val_share": WORDS | PHOTOS,
    "prepare.test_share": WORDS | PHOTOS,
    "model": ENCODER,
    "model.projection_dim": AFTER_FINETUNE,
    "training": AFTER_TRAIN_HEAD,
    "train_head": AFTER_TRAIN_HEAD,
    "finetune": AFTER_FINETUNE,
    "evaluate": SCORES,
    "calibrate": TAGS,
    "audit": {"audit", "report"},
    "benchmarks.catalogue.reader": DATASET,
    "benchmarks.catalogue.path": DATASET,
}
"""Section or key of params.yaml to the stages that run again; a key takes the entry of its longest prefix."""


def iter_keys(values: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the dotted keys of all values that are no mapping."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from iter_keys(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def longest_prefix(key: str) -> str:
    return max((name for name in EXPECTED if f"{key}.".startswith(f"{name}.")), key=len)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> nx.DiGraph:
    """The graph of the stages; an edge leads from a stage to one that it reads from."""
    folder: Path = tmp_path_factory.mktemp("graph")
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copyfile(ROOT / name, folder / name)
    with warnings.catch_warnings(), Repo.init(str(folder), no_scm=True) as repo:
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="pygtrie|dvc")
        return repo.index.graph


def find_reruns(graph: nx.DiGraph, key: str) -> set[str]:
    """Return the stages that read the key or a section around or in it, and all stages after them."""
    reruns = set()
    for stage in graph:
        read = [name for dep in stage.deps if isinstance(dep, ParamsDependency) for name in dep.params]
        if any(f"{key}.".startswith(f"{name}.") or f"{name}.".startswith(f"{key}.") for name in read):
            reruns |= {stage.name, *(later.name for later in nx.ancestors(graph, stage))}
    return reruns


@pytest.mark.parametrize("section", EXPECTED)
def test_a_change_of_any_key_of_a_section_runs_exactly_these_stages(graph: nx.DiGraph, section: str) -> None:
    keys = [key for key in iter_keys(PARAMS) if longest_prefix(key) == section]
    assert keys
    assert {key: find_reruns(graph, key) for key in keys} == dict.fromkeys(keys, EXPECTED[section])


def test_new_words_leave_photos_and_their_frozen_embeddings_alone(graph: nx.DiGraph) -> None:
    for key in ("clean", "vocabulary"):
        assert not find_reruns(graph, key) & {"crawl", "prepare", "features@catalogue"}


def test_every_section_has_an_expectation() -> None:
    assert {name.split(".")[0] for name in EXPECTED} == set(PARAMS)
