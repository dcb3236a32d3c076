"""The bundle as MLflow keeps it: loaded in one line, without a pickle anywhere."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from weft import tracking
from weft.model.bundle import load_bundle
from weft.retrieval.embed import embed


@pytest.fixture
def logged(store, newest, settings, saved_model, make_jpeg, capsys):
    """The run that logged the bundle."""
    with tracking.start_stage_run("finetune", settings) as run:
        run.log_model(saved_model, make_jpeg("red"))
    assert "warning" not in capsys.readouterr().err
    return newest("finetune")


def test_the_model_loads_in_one_line_and_predicts_as_the_bundle(logged, saved_model, make_jpeg):
    import mlflow

    photos = [make_jpeg("green", seed=3), make_jpeg("blue", seed=4)]
    found = mlflow.pyfunc.load_model(f"models:/{tracking.MODEL_NAME}/latest").predict(pd.DataFrame({"photo": photos}))
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

    folder = Path(mlflow.artifacts.download_artifacts(f"models:/{tracking.MODEL_NAME}/latest", dst_path=str(tmp_path)))
    files = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
    assert not [name for name in files if name.endswith((".pkl", ".pickle", ".pt", ".pth"))]
    for name in ("model.safetensors", "words.tsv", "digest.txt"):
        assert (folder / "artifacts" / saved_model.name / name).read_bytes() == (saved_model / name).read_bytes()
    requirements = files["requirements.txt"].read_text()
    assert f"torch=={torch.__version__.split('+')[0]}" in requirements.replace("+cpu", "")
