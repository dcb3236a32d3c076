"""The built wheel works outside the checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPEN_STATE = """
import sys
from pathlib import Path
import crawler
from crawler.overrides import load_override
from crawler.storage.store import Store
assert crawler.__file__.startswith(sys.prefix), crawler.__file__
Store(Path("state/shop.sqlite")).close()
assert load_override("shop.example") is None
print("opened")
"""


def run(command, folder):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder of the programs of a venv that holds the wheel; its other packages are those of this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # a copy, because setuptools writes build folders beside pyproject.toml
    source.mkdir()
    for name in ("crawler", "presets", "shops", "src", "stages", ".dvc/plots"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
    for path in ROOT.iterdir():
        if path.is_file() and path.suffix in ("", ".md", ".toml", ".yaml", ".json", ".cfg", ".tsv", ".txt"):
            shutil.copyfile(path, source / path.name)
    build = f"from setuptools.build_meta import build_wheel; build_wheel({str(folder)!r})"
    run([sys.executable, "-c", build], source)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    (site_packages,) = (folder / "venv").glob("lib/python*/site-packages")
    target = ["--no-deps", "--no-index", "--disable-pip-version-check", "--quiet"]
    run([sys.executable, "-m", "pip", "--python", folder / "venv", "install", *target, wheel], folder)
    # After the venv's own packages on sys.path; addsitedir is not used, so that no editable install is activated.
    (site_packages / "others.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return folder / "venv" / "bin"


@pytest.mark.slow
def test_the_wheel_tags_a_photo_and_opens_a_crawl_state_outside_the_checkout(
    installed, tmp_path, saved_model, make_jpeg
):
    (tmp_path / "red.jpg").write_bytes(make_jpeg("red"))
    assert run([installed / "weft", "--version"], tmp_path) == "weft 0.1.0\n"
    assert '"photo": "red.jpg"' in run([installed / "weft", "tag", "red.jpg", "--model", saved_model], tmp_path)
    assert run([installed / "python", "-c", OPEN_STATE], tmp_path) == "opened\n"


@pytest.mark.slow
def test_the_wheel_starts_a_project_that_dvc_can_run(installed, tmp_path):
    assert "files of a new project" in run([installed / "weft", "init", "my-shop"], tmp_path)
    project = tmp_path / "my-shop"
    assert "Running stage 'crawl'" in run([installed / "python", "-m", "dvc", "repro", "--dry", "crawl"], project)
    assert "the crawl state" in run([installed / "python", "stages/crawl.py", "--help"], project)
