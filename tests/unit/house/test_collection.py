"""Every process must collect the same tests, or pytest-xdist refuses to run them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from import_walk import ROOT


def collect_test_ids(cwd: Path, hash_seed: int, folder: Path) -> list[str]:
    """Return the ids of all tests as a process with this hash seed and temporary folder collects them."""
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "TMPDIR": str(folder), "OMP_NUM_THREADS": "1"}
    environment.pop("PYTEST_XDIST_WORKER", None)
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    completed = subprocess.run(
        [*command, "--rootdir", str(ROOT), str(ROOT / "tests")],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout[-2000:] + completed.stderr[-2000:]
    return [line for line in completed.stdout.splitlines() if "::" in line]


@pytest.mark.slow
def test_test_ids_depend_on_no_clock_random_number_set_order_or_path(tmp_path: Path) -> None:
    # Some seconds pass between the two collections, so that an id with the time in it differs.
    first, second = (collect_test_ids(ROOT, seed, tmp_path) for seed in (1, 2))
    assert first == second
    assert len(first) > 1000
    assert [name for name in first if str(ROOT) in name or str(tmp_path) in name] == []
