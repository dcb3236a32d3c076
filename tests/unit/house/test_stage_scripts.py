"""Stages are short adapters; dvc.yaml, stages/ and params.yaml name the same stages and keys."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from import_walk import ROOT

STAGES: dict[str, dict[str, Any]] = {
    name: stage.get("do", stage) for name, stage in yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"].items()
}
PARAMS: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text())
SCRIPTS = sorted((ROOT / "stages").glob("*.py"))
MAX_SCRIPT_LINES = 60


def list_params_keys(stage: str) -> list[str]:
    """Return the params keys of a stage; a stage that runs for each benchmark is listed for the catalogue."""
    return [key.replace("${key}", "catalogue") for key in STAGES[stage].get("params", ())]


def test_each_stage_runs_the_script_of_its_name_and_each_script_is_a_stage() -> None:
    run = {name: re.findall(r"stages/(\w+)\.py", stage["cmd"]) for name, stage in STAGES.items()}
    assert run == {script.stem: [script.stem] for script in SCRIPTS}


@pytest.mark.parametrize("stage", STAGES)
def test_every_key_a_stage_lists_is_in_params_yaml(stage: str) -> None:
    for key in list_params_keys(stage):
        value: Any = PARAMS
        for part in key.split("."):
            assert part in value, f"dvc.yaml: {stage}.params lists {key}, which params.yaml does not have"
            value = value[part]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_section_a_stage_reads_is_listed(script: Path) -> None:
    listed = {key.split(".")[0] for key in list_params_keys(script.stem)}
    read = {
        node.attr
        for node in ast.walk(ast.parse(script.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in PARAMS and "args" not in ast.unparse(node.value)
    }
    assert read <= listed, f"dvc.yaml: {script.stem}.params lacks {sorted(read - listed)}"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_stage_is_short_and_loops_over_nothing(script: Path) -> None:
    text = script.read_text()
    assert len(text.splitlines()) <= MAX_SCRIPT_LINES
    loops = [node.lineno for node in ast.walk(ast.parse(text)) if isinstance(node, ast.For | ast.AsyncFor | ast.While)]
    assert not loops, f"{script.name}: a loop in line {loops}; move the work to the library"


@pytest.mark.parametrize("stage", STAGES)
def test_paths_of_a_command_are_deps_outs_or_state(stage: str) -> None:
    """DVC cannot keep a path that is not listed; only var/ belongs to a stage alone."""
    known = [*STAGES[stage]["deps"], *STAGES[stage]["outs"], *STAGES[stage].get("metrics", ())]
    for path in re.findall(r"(?<=\s)(?:data|models|reports|var)/\S+", STAGES[stage]["cmd"]):
        covered = any(name == path or name.startswith(f"{path}/") or path.startswith(f"{name}/") for name in known)
        assert covered or path.startswith("var/"), (
            f"dvc.yaml: {stage} reads or writes {path}, which is neither dep nor out"
        )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_stage_ends_with_the_line_that_says_where_its_results_are(script: Path) -> None:
    main = next(node for node in ast.parse(script.read_text()).body if getattr(node, "name", "") == "main")
    last = main.body[-1]
    assert isinstance(last, ast.With)
    call = ast.unparse(last.body[-1])
    assert call.startswith("progress.log_outcome(")
    assert script.stem in call
