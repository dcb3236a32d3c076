"""Every command of README and docs parses: its program, sub-command and options exist, and the files it names do."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from dvc.cli.parser import get_main_parser
from import_walk import ROOT

from weft import cli

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
MAKE_TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
SCRAPY_COMMANDS = {
    "crawl": {"-a", "-s", "-L", "-O", "-o"},
    "parse": {"-a", "-s", "-L"},
    "shell": {"-s", "-L"},
    "list": set(),
}


def iter_commands(page: Path) -> Iterator[list[str]]:
    """Yield the words of each command of the page's console blocks; `a && b` is two commands."""
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        lines = re.sub(r"\\\n\s*", " ", block).splitlines()
        for line in lines:
            if line.startswith("$ "):
                words = shlex.split(re.sub(r"<([\w ]+)>", "PLACE", line[2:]), comments=True)
                yield from _split_at(words, {"&&", "|", ";"})


def _split_at(words: list[str], separators: set[str]) -> Iterator[list[str]]:
    command: list[str] = []
    for word in [*words, "&&"]:
        if word not in separators:
            command.append(word)
        elif command:
            yield _without_environment(command)
            command = []


def _without_environment(command: list[str]) -> list[str]:
    while command and re.fullmatch(r"[A-Z_]+=\S*", command[0]):
        command = command[1:]
    return command


COMMANDS = [(page, command) for page in PAGES for command in iter_commands(page)]


def list_commands_of(program: str) -> list[object]:
    return [
        pytest.param(command[1:], id=f"{page.name}: {' '.join(command)}")
        for page, command in dict.fromkeys((page, tuple(command)) for page, command in COMMANDS)
        if command[0] == program
    ]


@pytest.mark.parametrize("arguments", list_commands_of("weft"))
def test_weft_accepts_its_arguments(arguments: tuple[str, ...]) -> None:
    assert cli.build_parser().parse_args(arguments).run


@pytest.mark.parametrize("arguments", list_commands_of("dvc"))
def test_dvc_accepts_its_arguments(arguments: tuple[str, ...]) -> None:
    assert get_main_parser().parse_args(arguments).func


@pytest.mark.parametrize("arguments", list_commands_of("make"))
def test_make_has_the_target(arguments: tuple[str, ...]) -> None:
    assert {word for word in arguments if "=" not in word} <= MAKE_TARGETS


@pytest.mark.parametrize("arguments", list_commands_of("scrapy"))
def test_scrapy_has_the_command_and_its_options(arguments: tuple[str, ...]) -> None:
    command, *rest = arguments
    assert {word for word in rest if word.startswith("-")} <= SCRAPY_COMMANDS[command]


@pytest.mark.parametrize("arguments", list_commands_of("python"))
def test_python_runs_a_file_or_a_module_of_the_project(arguments: tuple[str, ...]) -> None:
    name = arguments[1].replace(".", "/") if arguments[0] == "-m" else arguments[0]
    candidates = [ROOT / name, ROOT / f"{name}.py", ROOT / "src" / f"{name}.py", ROOT / "src" / name / "__main__.py"]
    assert arguments[0] == "-c" or any(path.is_file() for path in candidates)


def test_commands_of_each_program_are_found() -> None:
    assert {"weft", "dvc", "make", "scrapy", "python"} <= {command[0] for _, command in COMMANDS}


def test_the_drawn_pipeline_has_every_stage() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    drawn = set(re.findall(r'node\d+\["([^"@]+)', (ROOT / "docs" / "experiments.md").read_text()))
    assert drawn == set(stages)
