import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def test_the_first_run_prints_nothing_about_its_new_store(tmp_path):
    """MLflow logs every table that it creates, which does not concern the user of a stage."""
    code = (
        "from dataclasses import make_dataclass\n"
        "from weft import tracking\n"
        "with tracking.start_stage_run('clean', make_dataclass('Settings', [])()) as run:\n"
        "    run.log_metrics({'products': 1})\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "mlflow.db").exists()
