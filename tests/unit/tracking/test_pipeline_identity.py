"""The key and the name of a pipeline: what makes two runs of it the same."""

import pytest
import yaml

from weft.tracking.pipeline import describe_differences, identify_pipeline

PIPELINE = {
    "prepare": {"cmd": "true", "deps": ["src/photos"], "outs": ["data/prepared"]},
    "features": {"foreach": ["a"], "do": {"deps": ["src/model.py", "${item.path}"], "outs": ["data/features/${key}"]}},
    "finetune": {"deps": ["src/training", "data/prepared", "data/features/a"], "outs": [{"models/embedder": {}}]},
    "evaluate": {"deps": ["src/evaluation", "models/embedder"], "outs": ["reports"]},
}


@pytest.fixture
def pipeline(tmp_path, monkeypatch):
    """Identifies a pipeline of four stages, after it wrote these files."""
    monkeypatch.delenv("DVC_EXP_NAME", raising=False)
    monkeypatch.delenv("DVC_EXP_BASELINE_REV", raising=False)
    for name in ("src/photos/a.py", "src/model.py", "src/training/b.py", "src/evaluation/c.py", "src/other.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1\n")
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": PIPELINE}))
    (tmp_path / "params.yaml").write_text("finetune: {epochs: 4}\ntrain_head: {epochs: 5}\n")

    def identify(**texts):
        for name, text in texts.items():
            (tmp_path / name.replace("__", "/").replace("_py", ".py").replace("_yaml", ".yaml")).write_text(text)
        return identify_pipeline(tmp_path)

    return identify


@pytest.mark.parametrize("code", ["src__evaluation__c_py", "src__other_py"])
def test_the_key_stays_when_only_a_later_stage_changes(pipeline, code):
    assert pipeline().key == pipeline(**{code: "2\n"}).key


@pytest.mark.parametrize("code", ["src__photos__a_py", "src__model_py", "src__training__b_py"])
def test_the_key_changes_with_the_code_that_makes_the_model(pipeline, code):
    assert pipeline().key != pipeline(**{code: "2\n"}).key


def test_the_key_changes_with_any_parameter_but_not_with_comments(pipeline):
    first = pipeline()
    assert pipeline(params_yaml="# more\ntrain_head: {epochs: 5}\nfinetune: {epochs: 4}\n").key == first.key
    assert pipeline(params_yaml="finetune: {epochs: 1}\ntrain_head: {epochs: 5}\n").key != first.key


def test_the_key_is_the_name_of_the_experiment(pipeline, monkeypatch):
    monkeypatch.setenv("DVC_EXP_NAME", "puffy-daks")
    found = pipeline()
    assert (found.key, found.name) == ("puffy-daks", "baseline (puffy-daks)")


def test_the_name_says_what_differs_from_the_committed_params(pipeline, git, monkeypatch):
    first = pipeline()
    assert first.name == f"baseline ({first.key[:7]})"
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    changed = pipeline(params_yaml="finetune: {epochs: 1}\ntrain_head: {epochs: 5}\n")
    assert changed.name == f"finetune.epochs=1 ({changed.key[:7]})"
    baseline = git("rev-parse", "HEAD")
    git("commit", "-q", "-a", "-m", "second")
    assert pipeline().name.startswith("baseline (")
    monkeypatch.setenv("DVC_EXP_BASELINE_REV", baseline)
    assert pipeline().name.startswith("finetune.epochs=1 (")


def test_a_folder_without_files_is_a_pipeline_too(tmp_path, monkeypatch):
    monkeypatch.delenv("DVC_EXP_NAME", raising=False)
    assert identify_pipeline(tmp_path).params == {}


def test_differences_are_short_and_unambiguous():
    baseline = {"a.epochs": 1, "b.epochs": 1, "a.loss.name": "x", "b.flip": True, "b.sizes": [1], "b.shops": [], "c": 1}
    params = baseline | {"b.epochs": 2, "a.loss.name": "y", "b.flip": False, "b.shops": ["shop"] * 20}
    assert describe_differences(baseline, params) == "b.epochs=2, name=y, flip=false, 1 more"
    assert describe_differences(baseline, baseline | {"b.shops": ["s" * 50]}) == f'shops=["{"s" * 28}...'
    assert describe_differences(baseline, baseline) == ""
