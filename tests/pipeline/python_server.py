"""Run the stages in forks of one process that has the slow libraries imported.

A stage works for a second on the small catalogue, and imports PyTorch, torchvision and MLflow for six. DVC runs the
same commands: the `python` on its PATH hands its arguments, environment, folder and standard streams to the server. The
fork imports the code of Weft from the checkout, as a new process does.
"""

import importlib
import json
import os
import runpy
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

LIBRARIES = ("mlflow", "mlflow.pyfunc", "nltk", "pandas", "pyarrow.parquet", "scipy.sparse", "torch", "torchvision")
_LAUNCHER = """#!/bin/sh
case "$1" in
  stages/crawl.py) exec {python} "$@" ;;  # it needs none of the libraries, and limits its memory
  stages/*) exec {python} -I -S {client} {socket} "$@" ;;
  *) exec {python} "$@" ;;
esac
"""
_CLIENT = """
import json, os, socket, struct, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect(sys.argv[1])
    socket.send_fds(server, [b"s"], [0, 1, 2])
    request = {"arguments": sys.argv[2:], "environment": dict(os.environ), "folder": os.getcwd()}
    server.sendall(json.dumps(request).encode())
    server.shutdown(socket.SHUT_WR)
    sys.exit(struct.unpack("i", server.recv(4))[0])
"""


@contextmanager
def run_python_server(folder: Path, environment: Mapping[str, str], hash_seed: int) -> Iterator[dict[str, str]]:
    """Start a server in `folder`, and yield the environment whose `python` runs the stages in it, until the end.

    Args:
        folder: A new folder for the launcher and the socket.
        environment: The environment of the server.
        hash_seed: PYTHONHASHSEED; two runs in servers of different seeds iterate over sets in different orders.
    """
    folder.mkdir()
    launcher, client, socket_file = folder / "python", folder / "client.py", folder / "socket"
    launcher.write_text(_LAUNCHER.format(python=sys.executable, client=client, socket=socket_file))
    launcher.chmod(0o755)
    client.write_text(_CLIENT)
    environment = {**environment, "PYTHONHASHSEED": str(hash_seed)}
    command = [sys.executable, __file__, str(socket_file)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            yield {**environment, "PATH": os.pathsep.join([str(folder), environment["PATH"]])}
        finally:
            server.terminate()


def _serve(socket_file: str) -> None:
    """Answer requests until the process is terminated; in a fork, return when its stage has ended."""
    for name in LIBRARIES:
        importlib.import_module(name)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(socket_file)
        listener.listen()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended supervisors leave no zombies
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            connection, _ = listener.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listener.close()
                break
            connection.close()
    _supervise(connection)


def _supervise(connection: socket.socket) -> None:
    """Run one request in another fork, which ends as any Python does, and send its exit status."""
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    request = json.loads(b"".join(iter(lambda: connection.recv(65536), b"")))
    runner = os.fork()
    if runner == 0:
        connection.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        _run_script(**request)
    else:
        _, status = os.waitpid(runner, 0)
        connection.sendall(struct.pack("i", os.waitstatus_to_exitcode(status)))
        os._exit(0)


def _run_script(arguments: list[str], environment: dict[str, str], folder: str) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = arguments
    sys.path[0] = str(Path(arguments[0]).resolve().parent)
    runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":  # python python_server.py SOCKET
    _serve(sys.argv[1])
