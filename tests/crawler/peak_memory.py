"""Peak memory of a command, independent of the memory of the calling process."""

import subprocess
import sys
from pathlib import Path
from typing import IO

# On Linux the peak of a child process includes the memory of its parent at the fork, so a small launcher starts it.
_LAUNCHER_SCRIPT = """
import os, pathlib, subprocess, sys
child = subprocess.Popen(sys.argv[2:])
_, status, used = os.wait4(child.pid, 0)
child.returncode = os.waitstatus_to_exitcode(status)
pathlib.Path(sys.argv[1]).write_text(str(used.ru_maxrss))
sys.exit(child.returncode)
"""


def run_with_peak_mib(
    command: list[str], scratch_file: Path, output: IO[str], cwd: Path | None = None
) -> tuple[int, int]:
    """Run `command` with its output to `output`; return its exit status and its peak memory in MiB."""
    launcher_command = [sys.executable, "-S", "-c", _LAUNCHER_SCRIPT, str(scratch_file), *command]
    completed = subprocess.run(
        launcher_command, cwd=cwd, stdout=output, stderr=output, stdin=subprocess.DEVNULL, check=False
    )
    return completed.returncode, int(scratch_file.read_text()) // 1024
