"""`make ui`: serve MLflow's UI for the runs of this project, and show the comparison of the newest two pipelines.

MLflow's own command runs in this process, which has imported mlflow for the links anyway: another process would take
250 MB more. It has one worker and no job runner, whose features Weft does not use.
"""

import argparse
import os
import sys
import threading
import time
import urllib.error
import urllib.request
import webbrowser

from weft.errors import InputError, run_main
from weft.tracking.runs import get_comparison_url, get_runs_url
from weft.tracking.store import find_project_root, get_tracking_uri, import_mlflow, relocate_artifacts

HOST = "127.0.0.1"
_MAX_START_SECONDS = 600.0


def serve(port: int) -> None:
    """Serve the UI until it is interrupted; print the links, and open the comparison if there is a screen.

    Args:
        port: The port on the loopback interface.

    Raises:
        InputError: MLFLOW_TRACKING_URI is a server with its own UI, or the server failed.
    """
    uri = get_tracking_uri()
    if uri.startswith(("http://", "https://")):
        raise InputError(f"MLFLOW_TRACKING_URI={uri}: this server has its own UI: {get_comparison_url(uri) or uri}")
    relocate_artifacts(find_project_root())
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    import_mlflow()
    from mlflow.cli import server

    threading.Thread(target=_show_links, args=(f"http://{HOST}:{port}",), daemon=True).start()
    options = [
        "--backend-store-uri",
        uri,
        "--registry-store-uri",
        uri,
        "--workers",
        "1",
        "--uvicorn-opts",
        "--log-level warning",
    ]
    try:
        server.main([*options, "--host", HOST, "--port", str(port)], standalone_mode=False)
    except KeyboardInterrupt:
        return
    except SystemExit as error:
        raise InputError(f"MLflow did not start on port {port}; another port: PORT=5001 make ui") from error


def _show_links(address: str) -> None:
    """Print the links when the server answers, and open the comparison if there is a screen."""
    # The links are looked up while the server starts.
    runs, comparison = get_runs_url(address), get_comparison_url(address)
    end = time.monotonic() + _MAX_START_SECONDS
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"{address}/health", timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            break
    sys.stdout.write(f"All pipelines:             {runs or address}\n")
    sys.stdout.write(f"The newest two compared:   {comparison or 'no pipeline ran yet: make repro'}\n")
    sys.stdout.write("Ctrl-C ends the server.\n")
    sys.stdout.flush()
    if sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(comparison or address)


def main() -> None:
    """Read the port from the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=5000)
    serve(parser.parse_args().port)


if __name__ == "__main__":
    sys.exit(run_main(main))
