"""Find the packages that a script imports, directly or not, by reading weft.* and crawler.* without running them."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOURCE_FOLDERS = {"weft": ROOT / "src" / "weft", "crawler": ROOT / "crawler"}

PACKAGES_WITHOUT_EFFECT_ON_OUTS = {
    "weft": "imports weft.api on first use of one of its names; stages import the modules themselves",
    "weft.device_prefetch": "copies batches to the device ahead of their reader and keeps their order",
    "weft.errors": "exceptions and exit statuses",
    "weft.params": "only reads params.yaml, whose values DVC tracks by `params:`",
    "weft.prefetch": "computes results in threads ahead of their reader and keeps their order",
    "weft.process_group": "rank and number of the processes, which change results only by rounding",
    "weft.progress": "log lines and progress bars",
    "weft.runtime": "device, threads and workers, which do not change results",
    "weft.tracking": "writes to MLflow, never to an out",
}
"""Packages that no stage has to list, each with the reason. Their imports are not followed either."""


def find_reached_packages(script: Path) -> dict[str, list[str]]:
    """Return the packages by their path in dvc.yaml, each with one chain of imports that leads to it."""
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
    """Yield the project's modules that `file` imports, at its top or in a function, and the packages they are in."""
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
    """Return the file of a module of the project."""
    first, *rest = module.split(".")
    path = SOURCE_FOLDERS[first].joinpath(*rest)
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _iter_project_modules(name: str) -> Iterator[str]:
    """Yield the modules of the project in a dotted name: weft and weft.tables for weft.tables.read_table."""
    parts = name.split(".")
    if parts[0] in SOURCE_FOLDERS:
        prefixes = (".".join(parts[: n + 1]) for n in range(len(parts)))
        yield from (module for module in prefixes if module_file(module).is_file())


def _package_name(module: str) -> str:
    return ".".join(module.split(".")[:2])


def _package_path(module: str) -> str:
    """Return the folder or file under src/weft; the crawler counts as one package."""
    first, second, *_ = module.split(".")
    if first == "crawler":
        return "crawler"
    path = SOURCE_FOLDERS["weft"] / second
    return (path if path.is_dir() else path.with_suffix(".py")).relative_to(ROOT).as_posix()
