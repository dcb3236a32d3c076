import os
import subprocess

import pytest
import yaml

from weft import params
from weft.commands import init
from weft.commands.init import init_project
from weft.errors import InputError


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("init") / "my-shop"
    init_project(folder)
    return folder


def read_stages(path):
    stages = yaml.safe_load(path.read_text())["stages"]
    return {name: stage.get("do", stage) for name, stage in stages.items()}


def test_a_project_has_the_stages_of_the_checkout_and_their_scripts(project):
    stages, original = read_stages(project / "dvc.yaml"), read_stages(init._find_templates() / "dvc.yaml")
    assert stages.keys() == original.keys()
    for name, stage in stages.items():
        assert {key: stage[key] for key in stage if key != "deps"} == {
            key: original[name][key] for key in original[name] if key != "deps"
        }
        assert (project / stage["cmd"].split()[1]).is_file()


def test_the_version_of_weft_takes_the_place_of_its_code(project):
    original = read_stages(init._find_templates() / "dvc.yaml")
    for name, stage in read_stages(project / "dvc.yaml").items():
        code = [dep for dep in original[name]["deps"] if dep.startswith("src/weft/") or dep == "crawler"]
        assert code
        assert sorted(stage["deps"]) == sorted([*set(original[name]["deps"]) - set(code), "requirements.txt"])


def test_every_file_that_a_stage_reads_before_it_runs_is_there(project):
    stages = read_stages(project / "dvc.yaml").values()
    deps = {
        dep for stage in stages for dep in stage["deps"] if not dep.startswith(("data/", "models/", "reports", "$"))
    }
    assert {dep for dep in deps if not (project / dep).exists()} == set()


def test_its_params_can_be_loaded(project):
    assert params.load_params(project / "params.yaml").crawl.shops


def test_dvc_runs_without_git_and_with_it(project, tmp_path):
    assert "no_scm = true" in (project / ".dvc" / "config").read_text()
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("mine\n/data/\n")
    init_project(tmp_path)
    assert "no_scm" not in (tmp_path / ".dvc" / "config").read_text()
    ignored = (tmp_path / ".gitignore").read_text().splitlines()
    assert ignored[:2] == ["mine", "/data/"]
    assert ignored.count("/data/") == 1
    assert "/models/" in ignored


def test_a_file_that_exists_is_never_replaced(tmp_path):
    (tmp_path / "params.yaml").write_text("mine\n")
    with pytest.raises(InputError, match=r"params\.yaml: it exists already; choose an empty folder"):
        init_project(tmp_path)
    assert os.listdir(tmp_path) == ["params.yaml"]  # noqa: PTH208


def test_nothing_is_left_if_a_file_cannot_be_written(tmp_path):
    (tmp_path / "stages").write_text("a file in the place of a folder")
    with pytest.raises(InputError, match="cannot be written"):
        init_project(tmp_path)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["stages"]
