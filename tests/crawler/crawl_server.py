"""Start crawls from one process that has Scrapy imported: a fork takes milliseconds, an import of Scrapy seconds.

A crawl is still a process of its own, with the arguments, environment and log file that it has elsewhere.
"""

import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import traceback
import warnings
from functools import cache
from pathlib import Path
from typing import Any

from scrapy.utils.misc import walk_modules_iter

import crawler

PRELOADED_PACKAGES = (
    *("scrapy.commands", "scrapy.downloadermiddlewares", "scrapy.extensions", "scrapy.spidermiddlewares"),
    *("scrapy.cmdline", "scrapy.logformatter", "scrapy.statscollectors", "tldextract", "crawler"),
)
"""What a crawl imports. The reactor is left to the crawl, because it has open files."""


class CrawlServer:
    """The process that forks crawls; it ends with the process that started it, and then its crawls end as well."""

    def __init__(self, project: Path) -> None:
        command = [sys.executable, __file__]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(project), *filter(None, sys.path)])}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
        )

    def close(self) -> None:
        """End the process."""
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()

    def start(
        self, command: list[str], log: Path, environment: dict[str, str] | None = None, folder: Path | None = None
    ) -> "CrawlProcess":
        """Start `python -m scrapy ...` or another module in a session of its own; its output is appended to `log`.

        Args:
            command: The program and its arguments.
            log: A file.
            environment: Environment variables, by default those of this process.
            folder: The working directory, by default that of this process.
        """
        assert command[:2] == [sys.executable, "-m"]
        log.parent.mkdir(parents=True, exist_ok=True)
        pid = self.ask(
            action="start",
            arguments=command[2:],
            environment=environment or dict(os.environ),
            cwd=str(folder or Path.cwd()),
            log=str(log.absolute()),
        )
        return CrawlProcess(self, pid)

    def ask(self, **request: Any) -> Any:
        """Send a request and return its reply."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(request)}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@cache
def get_crawl_server() -> CrawlServer:
    """Return the server of this process; it starts at the first call."""
    return CrawlServer(Path(crawler.__file__).parents[1])


class CrawlProcess:
    """A crawl, with the methods of `subprocess.Popen` that `crawler.run` calls."""

    def __init__(self, server: CrawlServer, pid: int) -> None:
        self._server = server
        self.pid = pid
        self.returncode: int | None = None
        self.peak_mib = 0
        """Peak memory, once the process has ended."""

    def poll(self) -> int | None:
        """Return the exit status, or None while the process runs."""
        return self._wait(os.WNOHANG)

    def wait(self) -> int:
        """Wait for the end of the process and return the exit status."""
        status = self._wait(0)
        assert status is not None
        return status

    def terminate(self) -> None:
        """Ask the process to end."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End the process at once, and leave its own processes alone."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def _wait(self, options: int) -> int | None:
        if self.returncode is None:
            status, peak_kib = self._server.ask(action="wait", pid=self.pid, options=options)
            self.returncode, self.peak_mib = status, peak_kib // 1024
        return self.returncode


def _import_packages() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some modules of Scrapy that we do not use are deprecated
        for package in PRELOADED_PACKAGES:
            list(walk_modules_iter(package))


def _serve() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        action = request.pop("action")
        if action == "start":
            reply: Any = _fork_crawl(**request)
        else:
            pid, status, usage = os.wait4(request["pid"], request["options"])
            reply = (os.waitstatus_to_exitcode(status), usage.ru_maxrss) if pid else (None, 0)
        sys.stdout.write(f"{json.dumps(reply)}\n")
        sys.stdout.flush()


def _fork_crawl(arguments: list[str], environment: dict[str, str], cwd: str, log: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        os.setsid()
        _redirect_output(log)
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(environment)
        # The crawl stops when its parent ends, and this process is its parent now.
        sys.argv = [f"parent={os.getppid()}" if each.startswith("parent=") else each for each in arguments]
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:  # noqa: BLE001 - the process ends here, after a traceback
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _redirect_output(log: str) -> None:
    log_file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for target, source in ((0, os.open(os.devnull, os.O_RDONLY)), (1, log_file), (2, log_file)):
        os.dup2(source, target)


if __name__ == "__main__":
    _import_packages()
    gc.freeze()
    _serve()
