"""An installation with the extra `serve` alone: no torch, DVC or Scrapy, nor anything else of the extra `pipeline`."""

import json
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

PROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
SCRIPT = """
import importlib.abc, json, sys
from pathlib import Path

missing, commands, files = json.load(sys.stdin)

class MissingPackages(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, MissingPackages())
from weft import cli

for arguments in commands:
    sys.argv = ["weft", *arguments]
    print("status", cli.main(), flush=True)

from weft.serve.app import create_app
from weft.serve.catalogue import Query, ServedCatalogue
from weft.search.product_filter import ProductFilter
from weft.serve.server import open_audit
from weft.serve.settings import AuditFiles, ServedFiles, ServerSettings

files = ServedFiles(**{name: Path(path) for name, path in files.items()})
catalogue = ServedCatalogue(files)
audit = open_audit(files, AuditFiles(Path("none"), Path("verdicts.sqlite"), Path("none.tsv")), catalogue)
create_app(catalogue, ServerSettings(), audit=audit)
print("found", catalogue.search(Query(text="red dress"), ProductFilter(), 1)[0].product_id)
print("imported:", *sorted(set(missing) & set(sys.modules)))
"""


def list_missing_modules() -> list[str]:
    """Return the top-level modules of the extra pipeline, whose libraries a light installation lacks."""
    extra = {re.split(r"[<>=\[]", one)[0].lower() for one in PROJECT["optional-dependencies"]["pipeline"]}
    owners = metadata.packages_distributions()
    return sorted(name for name, names in owners.items() if extra & {one.lower() for one in names})


@pytest.fixture(scope="module")
def answers(served_files, exported_model, saved_model, make_jpeg, tmp_path_factory):
    """The lines that commands and a server print without the libraries of the pipeline."""
    folder = tmp_path_factory.mktemp("light")
    (folder / "red.jpg").write_bytes(make_jpeg("red", seed=0))  # the first photo of the first product
    model, index = ["--model", str(exported_model)], ["--index", str(served_files.embeddings)]
    photo = str(folder / "red.jpg")
    commands = [
        ["tag", photo, *model, "--top-k", "1"],
        ["tag", photo, *model, "--calibrated"],
        ["embed", photo, *model, "-o", str(folder / "e.parquet")],
        ["search", "red dress", *model, *index, "--top-k", "1", "--products", str(served_files.products)],
        ["search", photo, *model, *index, "--top-k", "1", "--products", str(served_files.products)],
        ["tag", photo, "--model", str(saved_model)],
        ["calibrate", "--model", str(saved_model)],
        ["tokens", photo],
    ]
    files = {"model": exported_model, "embeddings": served_files.embeddings, "products": served_files.products}
    files |= {"photos": served_files.photos, "calibration": exported_model / "calibration"}
    missing = list_missing_modules()
    assert {"torch", "torchvision", "dvc", "scrapy", "mlflow", "pandas", "scipy", "nltk"} <= set(missing)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=json.dumps([missing, commands, {name: str(path) for name, path in files.items()}]),
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr.splitlines()


def test_tag_embed_search_and_serve_work_with_an_exported_model(answers):
    lines, _ = answers
    assert [line for line in lines if line.startswith("status")] == ["status 0"] * 5 + ["status 2"] * 3
    tag, _, calibrated, *_ = lines
    assert json.loads(tag)["words"][0].keys() >= {"word", "score"}
    assert len(json.loads(calibrated)["model"]) == 64
    found = [json.loads(line)["product"] for line in lines if line.startswith('{"product"')]
    assert found[1] == "shop0/0"
    assert f"found {found[0]}" in lines


def test_nothing_of_the_pipeline_is_imported(answers):
    assert answers[0][-1] == "imported:"


def test_what_needs_the_pipeline_says_so_in_one_sentence(answers):
    _, errors = answers
    assert [line for line in errors if line.startswith("error")] == [
        "error: this model needs torch: run `pip install 'weft[pipeline]'`",
        "error: this command needs scipy: run `pip install 'weft[pipeline]'`",
        "error: this command needs nltk: run `pip install 'weft[pipeline]'`",
    ]
