import json
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from weft import cli


def list_arguments(files, *more):
    paths = {"model": files.model, "embeddings": files.embeddings, "products": files.products, "photos": files.photos}
    folder = files.embeddings.parent
    paths |= {"audit": folder / "audit", "verdict-store": folder / "verdicts.sqlite", "verdicts": folder / "none.tsv"}
    return ["weft", "serve", *(f"--{name}={path}" for name, path in paths.items()), *more]


@pytest.fixture
def refused(served_files, monkeypatch, capsys):
    """Starts a server that cannot start; returns its one line of standard error."""

    def run(*more):
        monkeypatch.setattr(sys, "argv", list_arguments(served_files, *more))
        assert cli.main() == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        return error

    return run


def test_a_server_that_others_can_reach_needs_a_token(refused, tmp_path):
    assert "a token is required" in refused("--host", "0.0.0.0")
    assert "cannot be read" in refused("--host", "0.0.0.0", "--token-file", str(tmp_path / "none"))


def test_an_address_in_use_is_an_error(refused):
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert "cannot listen there" in refused("--port", str(other.getsockname()[1]))


def test_missing_files_are_an_error(refused, tmp_path):
    assert "expected embedded photos" in refused("--port", "0", "--embeddings", str(tmp_path / "none"))
    assert "no prepared photos" in refused("--port", "0", "--photos", str(tmp_path))


@pytest.mark.slow
def test_the_server_answers_and_stops_cleanly_on_sigterm(served_files):
    command = [sys.executable, "-m", "weft.cli", *list_arguments(served_files, "--port", "0")[1:]]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            ready = json.loads(process.stderr.readline())
            with urllib.request.urlopen(f"{ready['url']}readyz", timeout=60) as response:
                assert json.load(response)["photos"] == 8
        finally:
            process.send_signal(signal.SIGTERM)
        log = [json.loads(line) for line in process.stderr]
        assert process.wait(60) == 0
    assert [line["message"] for line in log if line["message"] in ("request", "stopped")] == ["request", "stopped"]
