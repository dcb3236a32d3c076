"""The most memory that a command takes, whatever the process that asks has taken itself."""

import subprocess
import sys
from pathlib import Path
from typing import IO

# Linux counts the memory of the process that starts another into the other's peak. So a small one stands between.
_BETWEEN = """
import os, pathlib, subprocess, sys
child = subprocess.Popen(sys.argv[2:])
_, status, used = os.wait4(child.pid, 0)
child.returncode = os.waitstatus_to_exitcode(status)
pathlib.Path(sys.argv[1]).write_text(str(used.ru_maxrss))
sys.exit(child.returncode)
"""


def peak_mib(command: list[str], note: Path, said: IO[str], cwd: Path | None = None) -> tuple[int, int]:
    """Run `command`, its words going to `said`; its exit status and its peak in MiB. `note` is a file to use."""
    between = [sys.executable, "-S", "-c", _BETWEEN, str(note), *command]
    done = subprocess.run(between, cwd=cwd, stdout=said, stderr=said, stdin=subprocess.DEVNULL, check=False)
    return done.returncode, int(note.read_text()) // 1024
