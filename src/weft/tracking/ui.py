"""`make ui`: serve MLflow's UI for the runs of this project, and show the comparison of the newest two pipelines."""

import argparse
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser

from weft.errors import InputError, run_main
from weft.tracking.runs import get_comparison_url, get_runs_url
from weft.tracking.store import find_project_root, get_tracking_uri, relocate_artifacts

HOST = "127.0.0.1"
MAX_START_SECONDS = 120.0
_SMALL_SERVER = {
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
}
"""Without the job runner, which serves features that Weft does not use, the server takes a third of the memory."""


def serve(port: int) -> None:
    """Serve the UI until it is interrupted; print the links, and open the comparison if there is a screen.

    Args:
        port: The port on the loopback interface.

    Raises:
        InputError: MLFLOW_TRACKING_URI is a server with its own UI, or the server did not start.
    """
    uri = get_tracking_uri()
    if uri.startswith(("http://", "https://")):
        raise InputError(f"MLFLOW_TRACKING_URI={uri}: this server has its own UI: {get_comparison_url(uri) or uri}")
    relocate_artifacts(find_project_root())
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri, "--workers", "1"]
    address = f"http://{HOST}:{port}"
    server = subprocess.Popen(
        [*command, "--host", HOST, "--port", str(port)], env={**os.environ, **_SMALL_SERVER}, cwd=find_project_root()
    )
    try:
        _wait_for(f"{address}/health", server)
        link = get_comparison_url(address)
        sys.stdout.write(f"All pipelines:             {get_runs_url(address) or address}\n")
        sys.stdout.write(f"The newest two compared:   {link or 'no pipeline ran yet: make repro'}\n")
        sys.stdout.write("Ctrl-C ends the server.\n")
        sys.stdout.flush()
        if _has_screen():
            webbrowser.open(link or address)
        server.wait()
    except KeyboardInterrupt:
        pass
    finally:
        server.terminate()
        server.wait()


def _wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + MAX_START_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            raise InputError(f"MLflow ended with status {server.returncode}; another port: PORT=5001 make ui")
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise InputError(f"MLflow did not answer at {url} within {MAX_START_SECONDS:.0f} s")


def _has_screen() -> bool:
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def main() -> None:
    """Read the port from the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=5000)
    serve(parser.parse_args().port)


if __name__ == "__main__":
    sys.exit(run_main(main))
