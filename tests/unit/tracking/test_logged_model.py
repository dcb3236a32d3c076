"""The bundle as MLflow keeps it: described, linked to what was measured, and without a pickle anywhere."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from weft import cli, tracking
from weft.contracts import files
from weft.errors import InputError
from weft.model.bundle import load_bundle
from weft.retrieval.embed import embed

pytestmark = pytest.mark.slow

CANDIDATE = f"models:/{tracking.MODEL_NAME}@candidate"


@pytest.fixture(scope="module")
def log_once(project, saved_model, make_jpeg):
    """Logs the bundle in the project's store once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        (project / "dvc.lock").write_text("stages: {prepare: {outs: [{path: data/prepared, md5: abc.dir}]}}\n")
        with tracking.start_stage_run("finetune", {}, [Path("data/prepared")]) as run:
            run.log_model(saved_model, make_jpeg("red"))
        return run.run_id


@pytest.fixture
def logged(log_once, store, project):
    """The run that logged the bundle; its project has a dvc.lock."""
    (project / "dvc.lock").write_text("stages: {prepare: {outs: [{path: data/prepared, md5: abc.dir}]}}\n")
    return store.get_run(log_once)


def test_the_model_loads_in_one_line_and_predicts_as_the_bundle(logged, saved_model, make_jpeg):
    import mlflow

    photos = [make_jpeg("green", seed=3), make_jpeg("blue", seed=4)]
    found = mlflow.pyfunc.load_model(CANDIDATE).predict(pd.DataFrame({"photo": photos}))
    assert list(found.columns) == ["words", "scores", "embedding"]
    loaded = load_bundle(saved_model)
    ((_, z),) = embed(enumerate(photos), loaded.embedder, 32, 32, "cpu", workers=1)
    np.testing.assert_allclose(np.stack(found["embedding"].to_list()), z, atol=1e-5)
    scores = loaded.embedder.score(torch.from_numpy(z)).detach().numpy()
    for row, expected in zip(found.itertuples(), scores, strict=True):
        np.testing.assert_allclose(row.scores, np.sort(expected)[::-1], atol=1e-4)
        assert row.words == [loaded.words[n] for n in np.argsort(-expected)]


def test_nothing_of_it_is_a_pickle_and_the_bundle_is_whole(logged, store, saved_model, tmp_path):
    import mlflow

    folder = Path(mlflow.artifacts.download_artifacts(CANDIDATE, dst_path=str(tmp_path)))
    names = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
    # The store is a folder: a test that loads the model makes Python write the bytecode of its script there.
    names = {name: file for name, file in names.items() if not name.startswith("__pycache__/")}
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".pt", ".pth", ".pyc"))]
    for name in ("model.safetensors", "words.tsv", "digest.txt"):
        assert (folder / "artifacts" / saved_model.name / name).read_bytes() == (saved_model / name).read_bytes()
    requirements = names["requirements.txt"].read_text()
    assert f"torch=={torch.__version__.split('+')[0]}\n" in requirements
    assert "code/weft/api.py" in names


def test_the_candidate_carries_its_description_and_digests(logged, store, saved_model):
    version = store.get_model_version_by_alias(tracking.MODEL_NAME, "candidate")
    assert version.run_id == logged.info.run_id
    assert "shufflenet_v2_x0_5" in version.description
    assert "8 words" in version.description
    assert version.tags["digest"] == (saved_model / files.DIGEST).read_text().strip()
    assert version.tags["vocabulary"] == json.loads((saved_model / files.CONFIG).read_text())["vocabulary"]
    assert version.tags["input.data/prepared"] == "abc.dir"


def test_later_metrics_are_linked_to_the_model_and_the_test_set(logged, store, settings, project, saved_model):
    (project / "index.html").write_text("page")
    test_set = {"test": Path("data/prepared")}
    with tracking.start_stage_run("evaluate", settings, [saved_model], "catalogue", test_set) as run:
        run.log_metrics({"retrieval/finetuned/recall_at_1": 0.6})
    with tracking.start_stage_run("report", settings, [saved_model]) as run:
        run.log_pipeline_results({"r10": 0.75}, project / "index.html", {}, [])
    version = store.get_model_version_by_alias(tracking.MODEL_NAME, "candidate")
    linked = [
        (metric.key, metric.value, metric.dataset_name, metric.dataset_digest)
        for metric in store.get_logged_model(version.source.removeprefix("models:/")).metrics
    ]
    assert linked == [("retrieval/finetuned/recall_at_1", 0.6, "data/prepared", "abc.dir")]
    assert version.tags["r10"] == "0.75"


def test_a_registered_model_is_fetched_with_its_calibration(logged, store, settings, saved_model, project):
    (project / "calibration").mkdir(exist_ok=True)
    (project / "calibration" / files.CALIBRATION).write_text("{}")
    with tracking.start_stage_run("calibrate", settings, [saved_model]) as run:
        run.log_calibration(project / "calibration")
    with tracking.fetch_model(CANDIDATE) as folder:
        assert load_bundle(folder).digest == load_bundle(saved_model).digest
        assert (folder.parent / "calibration" / files.CALIBRATION).read_text() == "{}"
    assert not folder.exists()


@pytest.fixture
def weft(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["weft", *map(str, arguments)])
        status = cli.main()
        printed, err = capsys.readouterr()
        return status, printed, err

    return run


def test_a_command_takes_a_registered_model_in_place_of_a_folder(logged, weft, saved_model, make_jpeg, tmp_path):
    (tmp_path / "red.jpg").write_bytes(make_jpeg("red"))
    answers = [weft("tag", tmp_path / "red.jpg", "--model", model) for model in (CANDIDATE, saved_model)]
    assert answers[0][0] == 0
    assert json.loads(answers[0][1])["photo"] == "red.jpg"
    assert answers[0][1] == answers[1][1]


def test_a_command_never_writes_beside_a_registered_model(logged, weft):
    status, _, err = weft("calibrate", "--model", CANDIDATE)
    assert (status, err.count("\n")) == (2, 1)
    assert f"{CANDIDATE}: expected -o FOLDER" in err


def fetch(uri):
    with tracking.fetch_model(uri) as folder:
        return folder


def test_a_model_that_is_not_registered_is_an_error_of_one_line(logged, monkeypatch, tmp_path):
    with pytest.raises(InputError, match="models:/nothing@champion: expected a registered model at sqlite:") as error:
        fetch("models:/nothing@champion")
    assert "\n" not in str(error.value)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="there is no store of models at sqlite:"):
        fetch(CANDIDATE)
