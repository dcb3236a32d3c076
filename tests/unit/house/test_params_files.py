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
    assert params.load(file).benchmarks["catalogue"].reader == "catalogue"


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_a_params_file_has_the_keys_of_the_dataclasses(file: Path) -> None:
    assert list(differences(yaml.safe_load(file.read_text()), params.Params, file.name)) == []


def test_a_key_of_only_one_of_the_two_is_found() -> None:
    values = yaml.safe_load(FILES[0].read_text())
    del values["finetune"]["shift"]
    values["finetune"]["shfit"] = 4
    assert list(differences(values, params.Params, "x")) == ["x.finetune: lacks shift", "x.finetune: unknown shfit"]


def differences(values: Any, kind: type, place: str) -> Iterator[str]:
    """Where the keys of `values` are not the fields of `kind`; fields with a default may be left out."""
    hints = get_type_hints(kind)
    needed = {f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING}
    wanted = {f.name for f in fields(kind)}
    yield from (f"{place}: lacks {key}" for key in sorted(needed - set(values)))
    yield from (f"{place}: unknown {key}" for key in sorted(set(values) - wanted))
    for key in wanted & set(values):
        for name, value in parts(values[key], hints[key]):
            yield from differences(value, section(hints[key]), f"{place}.{key}{name}")


def parts(value: Any, hint: Any) -> list[tuple[str, Any]]:
    """The mappings inside `value` that are dataclasses by `hint`: itself, the items of a list or of a mapping."""
    kind = section(hint)
    if kind is None:
        return []
    if hint is kind:
        return [("", value)]
    items = value.items() if isinstance(value, dict) else enumerate(value)
    return [(f".{name}", item) for name, item in items]


def section(hint: Any) -> Any:
    """The dataclass in a type such as `Crawl`, `tuple[Shop, ...]` or `dict[str, Benchmark]`."""
    if is_dataclass(hint):
        return hint
    found = (section(inner) for inner in get_args(hint)) if get_origin(hint) else ()
    return next((kind for kind in found if kind), None)
