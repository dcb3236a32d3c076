"""Every params file of the project is whole: the keys of the dataclasses, no more and no fewer."""

from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest
import yaml
from import_walk import ROOT

from weft import params

FILES = [ROOT / "params.yaml", *sorted((ROOT / "presets").glob("*.yaml"))]


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_a_params_file_loads(file: Path) -> None:
    assert params.load_params(file).benchmarks["catalogue"].reader == "catalogue"


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_a_params_file_has_the_keys_of_the_dataclasses(file: Path) -> None:
    assert list(iter_key_differences(yaml.safe_load(file.read_text()), params.Params, file.name)) == []


def test_a_key_of_only_one_of_the_two_is_found() -> None:
    values = yaml.safe_load(FILES[0].read_text())
    del values["finetune"]["shift"]
    values["finetune"]["shfit"] = 4
    assert list(iter_key_differences(values, params.Params, "x")) == [
        "x.finetune: lacks shift",
        "x.finetune: unknown shfit",
    ]


def iter_key_differences(values: Any, params_class: type, location: str) -> Iterator[str]:
    """Where the keys of `values` are not the fields of `kind`; fields with a default may be left out."""
    hints = get_type_hints(params_class)
    required = {f.name for f in fields(params_class) if f.default is MISSING and f.default_factory is MISSING}
    known = {f.name for f in fields(params_class)}
    yield from (f"{location}: lacks {key}" for key in sorted(required - set(values)))
    yield from (f"{location}: unknown {key}" for key in sorted(set(values) - known))
    for key in known & set(values):
        for name, value in list_nested_params(values[key], hints[key]):
            yield from iter_key_differences(value, find_params_class(hints[key]), f"{location}.{key}{name}")


def list_nested_params(value: Any, hint: Any) -> list[tuple[str, Any]]:
    """The mappings inside `value` that are dataclasses by `hint`: itself, the items of a list or of a mapping."""
    params_class = find_params_class(hint)
    if params_class is None:
        return []
    if hint is params_class:
        return [("", value)]
    items = value.items() if isinstance(value, dict) else enumerate(value)
    return [(f".{name}", item) for name, item in items]


def find_params_class(hint: Any) -> Any:
    """The dataclass in a type such as `Crawl`, `tuple[Shop, ...]` or `dict[str, Benchmark]`."""
    if is_dataclass(hint):
        return hint
    candidates = (find_params_class(inner) for inner in get_args(hint)) if get_origin(hint) else ()
    return next((params_class for params_class in candidates if params_class), None)
