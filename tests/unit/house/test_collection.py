"""Every process that collects the tests must find the same ones: pytest-xdist refuses to run otherwise."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from import_walk import ROOT


def collect(hash_seed: int, temporary_folder: Path) -> list[str]:
    """Return the ids of all tests, in order, as a process with this hash seed and temporary folder collects them."""
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "TMPDIR": str(temporary_folder)}
    environment = {name: value for name, value in environment.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    completed = subprocess.run(
        [*command, "--rootdir", str(ROOT), str(ROOT / "tests")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout[-2000:] + completed.stderr[-2000:]
    return [line for line in completed.stdout.splitlines() if "::" in line]


def has_xdist_compared(config: pytest.Config) -> bool:
    """Return whether several workers of pytest-xdist run, which start only if they have collected the same ids."""
    return getattr(config, "workerinput", {}).get("workercount", 1) > 1


@pytest.mark.slow
def test_test_ids_hold_no_clock_chance_set_order_or_path(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    # This process collected earlier and with another hash seed: ids made from the clock or a set differ.
    here = [item.nodeid for item in request.session.items]
    paths = [str(ROOT), tempfile.gettempdir()]
    assert [name for name in here if any(path in name for path in paths)] == []
    if has_xdist_compared(request.config):
        return
    again = collect(hash_seed=1, temporary_folder=tmp_path)
    assert len(again) > 1000
    assert set(here) - set(again) == set()
    # Arguments of pytest choose and order the tests; without any the order must be the same too.
    assert len(here) < len(again) or here == again
    assert [name for name in again if str(ROOT) in name or str(tmp_path) in name] == []
