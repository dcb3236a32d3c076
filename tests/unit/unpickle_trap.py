"""An object that shows whether a file was unpickled."""

from pathlib import Path


class UnpickleTrap:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)
