import os
import subprocess
import sys


def test_a_first_run_says_nothing_of_its_store(tmp_path):
    """MLflow tells of the tables it makes; a person who waits for a stage has no use for it."""
    code = (
        "from dataclasses import make_dataclass\n"
        "from weft import tracking\n"
        "with tracking.stage_run('clean', make_dataclass('Settings', [])()) as run:\n"
        "    run.log_metrics({'products': 1})\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "mlflow.db").exists()
