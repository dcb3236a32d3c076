"""A stage's deps list the packages that its code can import, and no others: DVC reruns it when one changes."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from import_walk import ROOT, find_reached_packages

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def stage_definition(stage: str) -> dict[str, Any]:
    """Return the definition of a stage in dvc.yaml, whether it runs once or for each benchmark."""
    return STAGES[stage].get("do", STAGES[stage])


def list_package_deps(stage: str) -> set[str]:
    return {dep for dep in stage_definition(stage)["deps"] if dep == "crawler" or dep.startswith("src/")}


@pytest.mark.parametrize("stage", STAGES)
def test_every_package_that_a_stage_imports_is_in_its_deps(stage: str) -> None:
    reached = find_reached_packages(ROOT / "stages" / f"{stage}.py")
    missing = {
        package: " > ".join(chain) for package, chain in reached.items() if package not in list_package_deps(stage)
    }
    assert not missing, f"dvc.yaml: {stage}.deps lacks {missing}; a change there would not rerun the stage"


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_lists_a_package_that_it_does_not_import(stage: str) -> None:
    idle = list_package_deps(stage) - set(find_reached_packages(ROOT / "stages" / f"{stage}.py"))
    assert not idle, f"dvc.yaml: {stage}.deps lists {sorted(idle)}, which it never imports; each change there reruns it"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_its_own_script(stage: str) -> None:
    assert f"stages/{stage}.py" in stage_definition(stage)["deps"]


def test_imports_inside_functions_and_of_imported_packages_are_followed(tmp_path: Path) -> None:
    script = tmp_path / "stage.py"
    script.write_text("def main():\n    from weft.photos.prefetch import decode_and_letterbox\n")
    assert set(find_reached_packages(script)) == {"src/weft/photos"}
    script.write_text("from weft.data import photo_store\n")
    assert {"src/weft/data", "src/weft/tables.py", "src/weft/contracts"} <= set(find_reached_packages(script))


def test_packages_that_cannot_change_an_out_are_not_followed(tmp_path: Path) -> None:
    script = tmp_path / "stage.py"
    script.write_text("import weft.errors\nfrom weft import params, progress, runtime, tracking\nimport torch\n")
    assert find_reached_packages(script) == {}
