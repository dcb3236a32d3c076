"""Rules of the code: sizes of files and functions, names, docstrings, pinned versions."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from import_walk import ROOT

CODE_FILES = sorted(file for folder in ("src", "crawler", "stages") for file in (ROOT / folder).rglob("*.py"))
TEST_FILES = sorted((ROOT / "tests").rglob("*.py"))
TEXT_FILES = [
    file
    for pattern in ("*.md", "*.yaml", "*.toml", "*.txt", "*.cfg", "Makefile", "presets/*", ".ci/*", "docs/**/*.md")
    for file in sorted(ROOT.glob(pattern))
]
UNSTABLE_CALL = re.compile(
    r"^(gzip\.(compress|open|GzipFile)|time\.\w+|random\.\w+|(np|numpy)\.random\.(?!default_rng)\w+|uuid\.\w+"
    r"|(datetime\.)*(datetime|date)\.(now|today|utcnow)|os\.(urandom|getpid)|secrets\.\w+|tempfile\.\w+)$"
)
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 60
PRIVATE_WORDS = {
    *("told", "said", "wanted", "haul", "harvest", "settle", "settled", "settles", "earlier", "manners", "legible"),
    *("yardstick", "fed", "asked", "spelt", "plant", "lent", "alike", "shorter", "squeeze"),
}
"""Words that no field uses for what they would name here."""
PRIVATE_NAME = re.compile(r"^(of|own|most|least)(_|$)|_of$")
"""Names that begin or end with a preposition or a superlative instead of a noun, a verb, MAX_ or MIN_."""
MEANINGLESS_NAME = re.compile(r"(^|_)(utils?|helpers?|common|managers?|misc)(_|$)")
MACHINE_SPECIFIC_PATH = re.compile(r"(?<![\w.~-])/(home|root|Users|work|mnt|opt|scratch)/\w")


def relative_path(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def list_functions(file: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def iter_public_names(file: Path) -> Iterator[str]:
    """Yield names of functions, classes, their fields, parameters of public functions, and constants of a module."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield from (arg.arg for arg in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs])
        if isinstance(node, ast.Module | ast.ClassDef):
            targets = [
                target
                for statement in node.body
                if isinstance(statement, ast.Assign | ast.AnnAssign)
                for target in (statement.targets if isinstance(statement, ast.Assign) else [statement.target])
            ]
            yield from (name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))


def is_private_language(name: str) -> bool:
    """Whether a public name holds a word of no field, or begins or ends like a clause."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()
    return not name.startswith("_") and bool(PRIVATE_WORDS & set(words.split("_")) or PRIVATE_NAME.search(words))


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


def test_no_module_has_a_meaningless_name() -> None:
    names = [file.parent.name if file.stem == "__init__" else file.stem for file in [*CODE_FILES, *TEST_FILES]]
    assert [name for name in names if MEANINGLESS_NAME.search(name)] == []


def test_public_names_are_terms_of_the_field() -> None:
    private = [
        f"{relative_path(file)}: {name}"
        for file in CODE_FILES
        for name in iter_public_names(file)
        if is_private_language(name)
    ]
    assert private == []


@pytest.mark.parametrize("name", ["told", "words_told", "MOST_WORDS", "scores_of", "of", "WantedRows"])
def test_a_name_in_private_language_is_found(name: str) -> None:
    assert is_private_language(name)


@pytest.mark.parametrize("name", ["share_of_products", "predicted_words", "MAX_WORDS", "_told"])
def test_a_name_of_the_field_is_accepted(name: str) -> None:
    assert not is_private_language(name)


def test_no_two_public_classes_have_one_name() -> None:
    files: dict[str, list[str]] = {}
    for file in CODE_FILES:
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                files.setdefault(node.name, []).append(relative_path(file))
    assert {name: places for name, places in files.items() if len(places) > 1} == {}


def test_parameters_of_tests_depend_on_no_clock_and_no_random_number() -> None:
    """What the clock or a random generator puts into a parameter differs between the workers that collect the tests."""
    unstable = [
        f"{relative_path(file)}:{call.lineno}: {ast.unparse(call.func)}"
        for file in TEST_FILES
        for decorator in iter_parametrize_calls(file)
        for call in ast.walk(decorator)
        if isinstance(call, ast.Call) and UNSTABLE_CALL.search(ast.unparse(call.func))
        if "mtime" not in [keyword.arg for keyword in call.keywords]
    ]
    assert unstable == []


@pytest.mark.parametrize("call", ["gzip.compress", "time.time", "datetime.now", "random.random", "uuid.uuid4"])
def test_a_call_of_the_clock_or_of_a_random_generator_is_found(call: str) -> None:
    assert UNSTABLE_CALL.search(call)


def iter_parametrize_calls(file: Path) -> Iterator[ast.Call]:
    """Yield the calls of pytest.mark.parametrize and pytest.fixture(params=...) that decorate a function of `file`."""
    for function in list_functions(file):
        for decorator in function.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith(("parametrize", "fixture")):
                yield decorator


def test_every_module_has_a_docstring() -> None:
    without_docstring = [
        relative_path(file)
        for file in CODE_FILES
        if not (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").strip()
    ]
    assert without_docstring == []


def test_no_two_test_files_have_one_name() -> None:
    names = [file.name for file in TEST_FILES if file.name != "conftest.py"]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_no_file_names_a_path_of_one_machine() -> None:
    named = [
        f"{relative_path(file)}: {line.strip()}"
        for file in [*CODE_FILES, *TEST_FILES, *TEXT_FILES]
        for line in file.read_text(encoding="utf-8").splitlines()
        if MACHINE_SPECIFIC_PATH.search(line)
    ]
    assert named == []


def test_constraints_pin_the_exact_version_of_every_dependency() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!_-]+", line)] == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    named = [one for one in named if not one.startswith("weft[")]  # the extras of the package itself
    pinned = {canonicalize_name(line.split("==")[0]) for line in lines}
    assert {canonicalize_name(re.split(r"[\s<>=!~\[;]", one)[0]) for one in named} - pinned == set()


def canonicalize_name(name: str) -> str:
    """Return the name of a distribution as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
