"""The real pipeline over a tiny demo catalogue, run once for all tests: repro, repro again, repro by force."""

import io
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image
from python_server import run_python_server

ROOT = Path(__file__).parents[2]
AWS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
TERMINAL_WIDTH = 100
"""Characters in a line of the outputs of `committed.run`."""
FOREIGN_BENCHMARK = "strangers"
"""A second benchmark, of photos in folders named by their label."""


@dataclass(frozen=True)
class CommandResult:
    """How a command ended."""

    status: int
    output: str


@dataclass(frozen=True)
class Checkout:
    """A copy of the project in which the pipeline ran."""

    folder: Path
    environment: dict[str, str]
    first_run: CommandResult
    second_run: CommandResult
    dvc_status: CommandResult
    forced_run: CommandResult
    lock: dict[str, Any]
    """dvc.lock after the first run."""
    forced_lock: dict[str, Any]
    mlflow_runs: list[dict[str, Any]]
    """MLflow's runs after the first repro: name, status, params, metrics, tags."""

    def run(self, *command: str) -> CommandResult:
        """Run a command of the project's environment in the checkout."""
        return _run_command(command, self.folder, self.environment)


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    folder = tmp_path_factory.mktemp("pipeline") / "checkout"
    _copy_project(folder)
    _write_params(folder)
    _draw_foreign_photos(folder / "strangers")
    environment = _make_environment(folder)
    _run_command(["git", "init", "--quiet"], folder, environment)

    with run_python_server(folder.parent / "first", environment, hash_seed=1) as fast_environment:
        first_run = _run_command(["dvc", "repro"], folder, fast_environment)
    assert first_run.status == 0, first_run.output[-6000:]
    lock = _read_lock(folder)
    mlflow_runs = _read_runs(folder, environment)
    second_run = _run_command(["dvc", "repro"], folder, environment)
    status = _run_command(["dvc", "status"], folder, environment)
    # From nothing: without the crawl's state, the shops are crawled again.
    shutil.rmtree(folder / "var")
    with run_python_server(folder.parent / "forced", environment, hash_seed=2) as fast_environment:
        forced_run = _run_command(["dvc", "repro", "--force"], folder, fast_environment)
    assert forced_run.status == 0, forced_run.output[-6000:]
    return Checkout(
        folder, environment, first_run, second_run, status, forced_run, lock, _read_lock(folder), mlflow_runs
    )


def _copy_project(folder: Path) -> None:
    """The files that git would commit, as they are now; never results of this checkout."""
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, tracked.stdout.decode().split("\0")):
        if (ROOT / name).is_file() and name != "dvc.lock" and not name.startswith("tests/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)


def _write_params(folder: Path) -> None:
    """The project's own params, made small; the head is trained briefly, so that finetune can improve it."""
    values = yaml.safe_load((folder / "params.yaml").read_text())
    values["crawl"]["demo"]["num_products"] = 60
    values["vocabulary"]["min_document_frequency"] = 2
    values["prepare"] |= {"height": 64, "width": 48, "val_share": 0.2}
    values["train_head"]["epochs"] = 2
    values["train_head"]["optimizer"]["head_lr"] = 0.0002
    values["finetune"] |= {"epochs": 2, "batch_size": 16}
    values["finetune"]["optimizer"] |= {"head_lr": 0.001, "backbone_lr": 0.0001}
    values["evaluate"] |= {"num_examples": 4, "knn_neighbours": 5}
    values["benchmarks"][FOREIGN_BENCHMARK] = {
        "reader": "labelled_photos",
        "path": "strangers",
        "labels": {"colour": {"field": "category", "min_photos": 2}},
    }
    (folder / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False))


def _draw_foreign_photos(folder: Path) -> None:
    rng = np.random.default_rng(3)
    for name, colour in {"black": (20, 20, 20), "white": (235, 235, 235)}.items():
        (folder / name).mkdir(parents=True)
        for number in range(4):
            pixels = np.clip(np.array(colour) + rng.integers(-20, 21, (80, 60, 3)), 0, 255).astype(np.uint8)
            stream = io.BytesIO()
            Image.fromarray(pixels).save(stream, "JPEG")
            (folder / name / f"{number}.jpg").write_bytes(stream.getvalue())


def _make_environment(folder: Path) -> dict[str, str]:
    """The copy's own code, its own MLflow store and DVC folders; one thread, for bytes that repeat."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("WEFT_", "MLFLOW_", "DVC_"))},
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(folder / "src"),
        # Each stage is a process: the code is compiled once, and no file is written beside it.
        "PYTHONPYCACHEPREFIX": str(folder.parent / "bytecode"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'runs.db'}",
        "DVC_SITE_CACHE_DIR": str(folder.parent / "dvc-site"),
        "WEFT_DEVICE": "cpu",
        "WEFT_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }


def _run_command(command: Sequence[str], folder: Path, environment: dict[str, str]) -> CommandResult:
    completed = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return CommandResult(completed.returncode, completed.stdout + completed.stderr)


def _read_lock(folder: Path) -> dict[str, Any]:
    lock: dict[str, Any] = yaml.safe_load((folder / "dvc.lock").read_text())["stages"]
    return lock


_LIST_RUNS_SCRIPT = """
import json, mlflow
experiments = [e.experiment_id for e in mlflow.search_experiments()]
runs = mlflow.search_runs(experiments, output_format="list") if experiments else []
print(json.dumps([{"name": r.info.run_name, "status": r.info.status, "params": r.data.params,
                   "metrics": r.data.metrics, "tags": r.data.tags} for r in runs]))
"""


def _read_runs(folder: Path, environment: dict[str, str]) -> list[dict[str, Any]]:
    completed = subprocess.run(
        [sys.executable, "-c", _LIST_RUNS_SCRIPT],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    runs: list[dict[str, Any]] = yaml.safe_load(completed.stdout.splitlines()[-1])
    return runs


@pytest.fixture(scope="session")
def not_in_an_out(checkout: Checkout) -> dict[str, str]:
    """What would make an out another one on another day or machine."""
    return {
        "the place of the checkout": str(checkout.folder.parent),
        "the place of the project": str(ROOT),
        "the machine's name": f"://{socket.gethostname()}",
        "an address that was served for this run": "127.0.0.1:",
    }


@pytest.fixture(scope="session")
def committed(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A copy of the finished checkout whose first run is committed, and a function that runs commands in it."""
    folder = tmp_path_factory.mktemp("experiments") / "weft"
    shutil.copytree(checkout.folder, folder, symlinks=True)
    environment = checkout.environment | AWS | {"COLUMNS": str(TERMINAL_WIDTH), "PYTHONPATH": str(folder / "src")}
    environment["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder.parent / 'runs.db'}"
    environment |= {f"GIT_{who}_{what}": "user" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def run(*command: str, cwd: Path = folder) -> str:
        done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("git", "add", "--all")
    run("git", "commit", "--quiet", "--message", "First run")
    return SimpleNamespace(folder=folder, run=run)


@pytest.fixture(scope="session")
def experiment(committed: SimpleNamespace) -> str:
    """An experiment that runs the two shortest stages again, and is in the workspace."""
    committed.run("dvc", "exp", "run", "-n", "few", "-S", "audit.num_examples=1")
    return "few"


@pytest.fixture
def s3_bucket() -> Iterator[tuple[str, str]]:
    """The URL of a bucket and of the server on loopback that has it."""
    pytest.importorskip("dvc_s3", reason="needs dvc-s3 (the extra s3)")
    server_module = pytest.importorskip("moto.server", reason="needs moto[s3]")
    boto3 = pytest.importorskip("boto3")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=endpoint, **keys).create_bucket(Bucket="weft")
    yield "s3://weft/dvc", endpoint
    server.stop()
