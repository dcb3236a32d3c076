import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from weft import extras
from weft.errors import InputError

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]


def normalise(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("extra", ["onnx", "pipeline", "serve"])
def test_every_library_of_an_extra_is_known(extra):
    owners = metadata.packages_distributions()
    for requirement in PROJECT["optional-dependencies"][extra]:
        distribution = normalise(re.split(r"[<>=\[]", requirement)[0])
        modules = {name for name, names in owners.items() if distribution in map(normalise, names)}
        assert modules & set(extras._EXTRAS), requirement


def test_a_missing_library_is_one_sentence_with_its_extra():
    message = r"^weft promote needs mlflow: run `pip install 'weft\[pipeline\]'`$"
    with pytest.raises(InputError, match=message), extras.required("weft promote"):
        raise ModuleNotFoundError(name="mlflow.tracking")


def test_a_missing_module_of_no_extra_is_a_fault_of_the_code():
    with pytest.raises(ModuleNotFoundError), extras.required("weft promote"):
        raise ModuleNotFoundError(name="weft.missing")
