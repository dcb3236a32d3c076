"""Peak memory of a command, independent of the memory of the calling process."""

import subprocess
import sys
from pathlib import Path
from typing import IO

# Linux counts the memory of the process that starts another into the other's peak. So a small one stands between.
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
    """Run `command`, its words going to `said`; its exit status and its peak in MiB. `note` is a file to use."""
    launcher_command = [sys.executable, "-S", "-c", _LAUNCHER_SCRIPT, str(scratch_file), *command]
    completed = subprocess.run(
        launcher_command, cwd=cwd, stdout=output, stderr=output, stdin=subprocess.DEVNULL, check=False
    )
    return completed.returncode, int(scratch_file.read_text()) // 1024
