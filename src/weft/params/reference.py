"""Generate docs/params.md and params.schema.json from the params classes.

    python -m weft.params.reference

Run it after a change of src/weft/params; a test compares both files with what it writes.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.dataclasses import is_pydantic_dataclass

from weft import params

SCHEMA_PATH, REFERENCE_PATH = Path("params.schema.json"), Path("docs/params.md")

_INTRODUCTION = """# Parameters

Everything that changes results is in `params.yaml`, one section per stage; `training` holds what both training stages
share. This page lists every key. It is generated from `src/weft/params` by `python -m weft.params.reference`.

Change a key for one run with DVC:

```
dvc exp run -S finetune.epochs=8
dvc exp run -S training.loss.name=sampled_softmax
dvc exp run -S training.loss.name=sampled_softmax -S +training.loss.num_negatives=1000
```

`-S key=value` changes a key that is in the file, `-S +key=value` adds one that is left out because it has a default,
and `-S '~key'` removes one that the chosen variant does not read. Editors with the YAML language server check
`params.yaml` against `params.schema.json` while you type."""

_BOUNDS = {"minimum": ">= {}", "exclusiveMinimum": "> {}", "maximum": "<= {}", "exclusiveMaximum": "< {}"}


def build_schema() -> dict[str, Any]:
    """Return the JSON Schema of params.yaml."""
    schema = TypeAdapter(params.Params).json_schema()
    for name, definition in schema["$defs"].items():
        for key, value in definition["properties"].items():
            if value.get("default") == math.inf:
                del value["default"]  # JSON has no infinity
            if "$ref" not in value and "description" not in value:
                value["description"] = _find_inherited_description(getattr(params, name), key)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _find_inherited_description(params_class: Any, key: str) -> str:
    """Return the docstring of a key that a base class defines; pydantic reads those of the class itself only."""
    fields = (base.__pydantic_fields__.get(key) for base in params_class.__mro__ if is_pydantic_dataclass(base))
    return next(field.description for field in fields if field is not None and field.description)


def format_schema(schema: dict[str, Any]) -> str:
    """Return the text of params.schema.json."""
    return json.dumps(schema, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def format_reference(schema: dict[str, Any]) -> str:
    """Return the text of docs/params.md."""
    lines = [_INTRODUCTION]
    for name, section in schema["properties"].items():
        node = _dereference(section, schema)
        description = section.get("description") or node["description"]
        lines += ["", f"## {name}", "", _join_lines(description), ""]
        lines += ["| key | value | default | meaning |", "| --- | --- | --- | --- |"]
        inner = _map_value(node)
        lines += _iter_rows(f"{name}.*", inner, schema) if inner else _iter_rows(name, node, schema)
    return "\n".join(lines) + "\n"


def _iter_rows(prefix: str, node: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    """Yield the table rows of all keys below `prefix`."""
    node = _dereference(node, schema)
    required = set(node.get("required", []))
    for key, value in node.get("properties", {}).items():
        path = f"{prefix}.{key}"
        if variants := value.get("discriminator", {}).get("mapping"):
            yield _format_row(f"{path}.name", ", ".join(f"`{name}`" for name in variants), "", value)
            resolved = {name: _dereference({"$ref": target}, schema) for name, target in variants.items()}
            yield from _iter_variant_rows(path, resolved)
            continue
        inner, inner_path = _find_inner(path, value, schema)
        if inner is None:
            default = "" if key in required else _format_default(value)
            yield _format_row(path, _format_type(value), default, value)
        else:
            yield from _iter_rows(inner_path, inner, schema)


def _iter_variant_rows(path: str, variants: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Yield the rows of a union: what each name means, then each key with the names that read it."""
    for name, variant in variants.items():
        yield f"| | `name: {name}` | | {_join_lines(variant['properties']['name']['description'])} |"
    keys = dict.fromkeys(key for variant in variants.values() for key in variant["properties"] if key != "name")
    for key in keys:
        readers = {name: variant for name, variant in variants.items() if key in variant["properties"]}
        variant = next(iter(readers.values()))
        value = variant["properties"][key]
        names = " or ".join(f"`{name}`" for name in readers)
        condition = f"Only with {names}. " if len(readers) < len(variants) else ""
        default = "" if key in variant["required"] else _format_default(value)
        yield _format_row(f"{path}.{key}", _format_type(value), default, value, condition)


def _find_inner(path: str, value: dict[str, Any], schema: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """Return the mapping of keys inside a value and its path, or None if the value is a leaf."""
    node = _dereference(value, schema)
    if "properties" in node:
        return node, path
    if "$ref" in node.get("items", {}):
        return _dereference(node["items"], schema), f"{path}[]"
    inner = _map_value(node)
    return (_dereference(inner, schema), f"{path}.*") if inner and "$ref" in inner else (None, path)


def _map_value(node: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema of the values of a mapping with free keys, or None."""
    inner = node.get("additionalProperties") or next(iter(node.get("patternProperties", {}).values()), None)
    return inner if isinstance(inner, dict) else None


def _format_row(path: str, kind: str, default: str, value: dict[str, Any], condition: str = "") -> str:
    return f"| `{path}` | {kind} | {default} | {condition}{_join_lines(value.get('description', ''))} |"


def _format_type(value: dict[str, Any]) -> str:
    """Describe the values that a key takes: the choices, or the type and its bounds."""
    if "anyOf" in value:
        return " or ".join(_format_type(option) for option in value["anyOf"])
    if "enum" in value:
        return ", ".join(f"`{choice}`" for choice in value["enum"])
    if value.get("type") == "array":
        return f"list of {_format_type(value['items'])}"
    if value.get("type") == "object":
        inner = _map_value(value) or {}
        return f"mapping to {_format_type(inner)}"
    bounds = [template.format(value[name]) for name, template in _BOUNDS.items() if name in value]
    return ", ".join([value.get("type", "any"), *bounds])


def _format_default(value: dict[str, Any]) -> str:
    default = value.get("default")
    if default is None:
        return "none"
    return f"`{json.dumps(default)}`"


def _dereference(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    return node


def _join_lines(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    """Write both files below the current folder."""
    schema = build_schema()
    SCHEMA_PATH.write_text(format_schema(schema), encoding="utf-8")
    REFERENCE_PATH.parent.mkdir(exist_ok=True)
    REFERENCE_PATH.write_text(format_reference(schema), encoding="utf-8")


if __name__ == "__main__":
    main()
