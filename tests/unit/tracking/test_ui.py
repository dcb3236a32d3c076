"""`make ui`: one small server, and the links that a user needs."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from weft import tracking
from weft.errors import InputError
from weft.tracking import ui


@pytest.mark.slow
def test_the_ui_prints_the_comparison_link_and_ends_with_its_server(store, settings, write_params, project):
    for case in ("one", "two"):
        write_params(ui=case)
        with tracking.start_stage_run("clean", settings):
            pass
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-m", "weft.tracking.ui", "--port", address.rsplit(":", 1)[1]]
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    server = subprocess.Popen(
        command, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        lines = [server.stdout.readline() for _ in range(2)]
        with urllib.request.urlopen(f"{address}/health", timeout=30) as answer:
            assert answer.read() == b"OK"
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait() == 0
        server.stdout.close()
    assert lines[0].startswith(f"All pipelines:             {address}/#/experiments/")
    assert lines[1].startswith(f"The newest two compared:   {address}/#/compare-runs?runs=")
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{address}/health", timeout=30)


def test_a_tracking_server_has_its_own_ui(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(InputError, match="this server has its own UI: http"):
        ui.serve(5000)
