"""The shape of the code: sizes, names, docstrings, pins."""

import ast
import re
import tomllib
from pathlib import Path

from import_walk import ROOT

CODE_FILES = sorted(file for room in ("src", "crawler", "stages") for file in (ROOT / room).rglob("*.py"))
TEST_FILES = sorted((ROOT / "tests").rglob("*.py"))
TEXT_FILES = [
    file
    for pattern in ("*.md", "*.yaml", "*.toml", "*.txt", "*.cfg", "Makefile", "presets/*", ".ci/*", "docs/**/*.md")
    for file in sorted(ROOT.glob(pattern))
]
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 60
MEANINGLESS_NAME = re.compile(r"(^|_)(utils?|helpers?|common|managers?|misc)(_|$)")
MACHINE_SPECIFIC_PATH = re.compile(r"(?<![\w.~-])/(home|root|Users|work|mnt|opt|scratch)/\w")


def relative_path(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def list_functions(file: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_no_file_is_longer_than_300_lines() -> None:
    sizes = {relative_path(file): len(file.read_text(encoding="utf-8").splitlines()) for file in CODE_FILES}
    assert {name: lines for name, lines in sizes.items() if lines > MAX_FILE_LINES} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    sizes = {
        f"{relative_path(file)}: {function.name}": (function.end_lineno or 0) - function.lineno + 1
        for file in CODE_FILES
        for function in list_functions(file)
    }
    assert {name: lines for name, lines in sizes.items() if lines > MAX_FUNCTION_LINES} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    names = [file.parent.name if file.stem == "__init__" else file.stem for file in [*CODE_FILES, *TEST_FILES]]
    assert [name for name in names if MEANINGLESS_NAME.search(name)] == []


def test_every_module_says_in_its_docstring_what_it_is() -> None:
    silent = [
        relative_path(file)
        for file in CODE_FILES
        if not (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").strip()
    ]
    assert silent == []


def test_test_files_have_names_unique_in_the_whole_tree() -> None:
    names = [file.name for file in TEST_FILES if file.name != "conftest.py"]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_no_file_names_a_place_of_one_machine() -> None:
    named = [
        f"{relative_path(file)}: {line.strip()}"
        for file in [*CODE_FILES, *TEST_FILES, *TEXT_FILES]
        for line in file.read_text(encoding="utf-8").splitlines()
        if MACHINE_SPECIFIC_PATH.search(line)
    ]
    assert named == []


def test_constraints_pin_exact_versions_of_everything_the_project_names() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!_-]+", line)] == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    pinned = {canonicalize_name(line.split("==")[0]) for line in lines}
    assert {canonicalize_name(re.split(r"[\s<>=!~\[;]", one)[0]) for one in named} - pinned == set()


def canonicalize_name(name: str) -> str:
    """A distribution's name as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
