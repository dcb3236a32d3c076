"""The logged model in an environment of its own requirements, without Weft: `mlflow models predict` and `serve`.

Downloading torch takes minutes, so the packages are links to those of this environment: exactly the packages that the
model's requirements name, and those that these require.
"""

import base64
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from weft import tracking

pytestmark = pytest.mark.slow

MAX_START_SECONDS = 300


def link_packages(requirements, site_packages):
    """Link the required packages, and all that they require, into an environment; return the names of the packages."""
    queue, seen = [(Requirement(line), ()) for line in requirements], set()
    while queue:
        requirement, extras = queue.pop()
        is_needed = not requirement.marker or any(requirement.marker.evaluate({"extra": e}) for e in extras or ("",))
        if not is_needed or requirement.name.lower() in seen:
            continue
        try:
            package = distribution(requirement.name)
        except PackageNotFoundError:
            continue  # a library of GPUs, which is not installed with the CPU build of torch
        assert requirement.specifier.contains(package.version, prereleases=True), requirement
        seen.add(requirement.name.lower())
        for name in {file.parts[0] for file in package.files or ()} - {"..", "__pycache__"}:
            if not (site_packages / name).exists():
                (site_packages / name).symlink_to(Path(package.locate_file(name)))
        queue += [(Requirement(text), tuple(requirement.extras)) for text in package.requires or ()]
    return seen


@pytest.fixture(scope="module")
def exported(project, saved_model, make_jpeg, tmp_path_factory):
    """A folder that holds the logged model and a Python of its requirements."""
    import mlflow

    folder = tmp_path_factory.mktemp("elsewhere")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        with tracking.start_stage_run("finetune", {}) as run:
            run.log_model(saved_model, make_jpeg("red"))
        uri = f"models:/{tracking.MODEL_NAME}@candidate"
        mlflow.artifacts.download_artifacts(uri, dst_path=str(folder / "model"))
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    (site_packages,) = (folder / "venv").glob("lib/python*/site-packages")
    packages = link_packages((folder / "model" / "requirements.txt").read_text().splitlines(), site_packages)
    assert {"mlflow", "torch"} <= packages
    return folder


@pytest.fixture(scope="module")
def environment(exported):
    hidden = ("PYTHONPATH", "MLFLOW_", "WEFT_")
    return {name: value for name, value in os.environ.items() if not name.startswith(hidden)} | {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "HOME": str(exported),
    }


@pytest.fixture(scope="module")
def request_body(make_jpeg):
    photo = base64.b64encode(make_jpeg("green")).decode()
    return json.dumps({"dataframe_split": {"columns": ["photo"], "data": [[photo]]}})


def run(command, exported, environment):
    python = exported / "venv" / "bin" / "python"
    return subprocess.run(
        [python, *command], cwd=exported, env=environment, capture_output=True, text=True, check=False
    )


def assert_is_prediction(text, model_words):
    (row,) = json.loads(text)["predictions"]
    assert sorted(row["words"]) == sorted(model_words)
    assert len(row["scores"]) == len(model_words)
    assert row["embedding"]


def test_mlflow_models_predict_needs_no_checkout(exported, environment, request_body, model_words):
    assert "ModuleNotFoundError" in run(["-c", "import weft"], exported, environment).stderr
    (exported / "request.json").write_text(request_body)
    arguments = ["--model-uri", "model", "--input-path", "request.json", "--output-path", "answer.json"]
    done = run(["-m", "mlflow", "models", "predict", *arguments, "--env-manager", "local"], exported, environment)
    assert done.returncode == 0, done.stderr[-3000:]
    assert_is_prediction((exported / "answer.json").read_text(), model_words)


def test_mlflow_models_serve_needs_no_checkout(exported, environment, request_body, model_words):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    command = [exported / "venv/bin/python", "-m", "mlflow", "models", "serve", "--model-uri", "model"]
    options = ["--host", "127.0.0.1", "--port", address.rsplit(":", 1)[1], "--workers", "1", "--env-manager", "local"]
    with (exported / "server.log").open("w") as log:
        server = subprocess.Popen(
            [*command, *options], cwd=exported, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            wait_for(f"{address}/ping", server)
            headers = {"Content-Type": "application/json"}
            request = urllib.request.Request(f"{address}/invocations", request_body.encode(), headers)
            with urllib.request.urlopen(request, timeout=120) as answer:
                assert_is_prediction(answer.read(), model_words)
        finally:
            os.killpg(server.pid, 15)
            server.wait()


def wait_for(url, server):
    end = time.monotonic() + MAX_START_SECONDS
    while time.monotonic() < end:
        assert server.poll() is None, "the server ended"
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
        else:
            return
    pytest.fail(f"no answer within {MAX_START_SECONDS} s from a server of {sys.executable}")
