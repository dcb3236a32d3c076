from pathlib import Path

import pytest

from weft.checkout import LockedStage, read_lock

LOCK = """
schema: '2.0'
stages:
  crawl:
    cmd: python crawl.py
    deps: [{path: crawler, md5: code}]
    outs: [{path: data/crawl, md5: c.dir}]
  clean:
    deps: [{path: data/crawl/products.parquet, md5: p}]
    outs: [{path: data/clean, md5: d.dir}]
  evaluate@catalogue:
    deps: [{path: data/clean, md5: d.dir}, {path: photos, md5: f.dir}]
    outs: [{path: reports/benchmarks/catalogue, md5: e.dir}]
  finetune:
    outs: [{path: models/embedder, md5: old.dir}]
"""


@pytest.fixture
def lock(tmp_path):
    (tmp_path / "dvc.lock").write_text(LOCK)
    return read_lock(tmp_path)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("data/crawl", ("data/crawl", "c.dir")),
        ("data/crawl/photos", ("data/crawl", "c.dir")),
        ("photos", ("photos", "f.dir")),
        ("data/crawl-old", None),
        ("data", None),
    ],
)
def test_the_digest_of_a_path_is_that_of_its_output_or_dependency(lock, path, found):
    assert lock.find_digest(Path(path)) == found


def test_upstream_stages_are_those_that_made_the_inputs_and_no_others(lock):
    assert set(lock.find_upstream([Path("data/clean/products.parquet")])) == {"crawl", "clean"}
    assert set(lock.find_upstream([Path("reports/benchmarks")])) == {"crawl", "clean", "evaluate@catalogue"}
    assert lock.find_upstream([Path("elsewhere")]) == {}


@pytest.mark.parametrize(
    "text",
    [None, "", "schema: '2.0'\n", "- a", "stages: [1]", "stages: {prepare: 3}", "{"],
)
def test_a_project_without_results_or_with_a_broken_lock_has_no_stages(tmp_path, text):
    if text is not None:
        (tmp_path / "dvc.lock").write_text(text)
    assert read_lock(tmp_path).stages == {}


def test_strange_entries_of_a_stage_are_left_out(tmp_path):
    (tmp_path / "dvc.lock").write_text("stages: {prepare: {outs: [1, {md5: a}], deps: {path: b}}}")
    assert read_lock(tmp_path).stages == {"prepare": LockedStage({}, {})}
