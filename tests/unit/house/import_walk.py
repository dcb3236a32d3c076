"""Which rooms a script reaches: its imports and theirs, followed through weft.* and crawler.*, read but never run."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOURCE_FOLDERS = {"weft": ROOT / "src" / "weft", "crawler": ROOT / "crawler"}

PACKAGES_WITHOUT_EFFECT_ON_OUTS = {
    "weft": "imports weft.api on first use of one of its names; stages import the modules themselves",
    "weft.errors": "names of exceptions and how they are answered",
    "weft.params": "only reads; the values it reads are tracked by `params:`",
    "weft.prefetch": "computes results in threads ahead of their reader and keeps their order",
    "weft.process_group": "which of several processes this is; their number changes no result beyond rounding",
    "weft.progress": "lines and bars for people",
    "weft.runtime": "device, threads and workers, which never change a result",
    "weft.tracking": "writes to MLflow, never to an out",
}
"""Rooms that no stage has to list, each with the reason. They are not followed either."""


def find_reached_packages(script: Path) -> dict[str, list[str]]:
    """Paths of the rooms as dvc.yaml writes them, each with one chain of modules that leads to it."""
    chains: dict[str, list[str]] = {}
    seen: set[str] = set()
    queue = [(name, [script.name]) for name in iter_imported_modules(script)]
    while queue:
        module, chain = queue.pop()
        if module in seen or _package_name(module) in PACKAGES_WITHOUT_EFFECT_ON_OUTS:
            continue
        seen.add(module)
        chain = [*chain, module]
        if module.count("."):
            chains.setdefault(_package_path(module), chain)
        queue += [(name, chain) for name in iter_imported_modules(module_file(module))]
    return chains


def iter_imported_modules(file: Path) -> Iterator[str]:
    """Our own modules that `file` imports, at its top or inside a function, with the packages around them."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            yield from _iter_project_modules(name)


def module_file(module: str) -> Path:
    """The file of one of our modules."""
    first, *rest = module.split(".")
    path = SOURCE_FOLDERS[first].joinpath(*rest)
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _iter_project_modules(name: str) -> Iterator[str]:
    """`name` and the packages around it, as far as they are modules of ours: weft.tables.read is weft, weft.tables."""
    parts = name.split(".")
    if parts[0] in SOURCE_FOLDERS:
        prefixes = (".".join(parts[: n + 1]) for n in range(len(parts)))
        yield from (module for module in prefixes if module_file(module).is_file())


def _package_name(module: str) -> str:
    return ".".join(module.split(".")[:2])


def _package_path(module: str) -> str:
    """The folder or file under src/weft; the crawler is one room."""
    first, second, *_ = module.split(".")
    if first == "crawler":
        return "crawler"
    path = SOURCE_FOLDERS["weft"] / second
    return (path if path.is_dir() else path.with_suffix(".py")).relative_to(ROOT).as_posix()
