"""The curves of `dvc plots`: each has a template that DVC finds, fills and draws."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc_render import VegaRenderer
from dvc_render.vega_templates import get_template
from import_walk import ROOT

TEMPLATES = ROOT / ".dvc" / "plots"
PLOTS: dict[str, dict[str, Any]] = {
    title: plot for entry in yaml.safe_load((ROOT / "dvc.yaml").read_text())["plots"] for title, plot in entry.items()
}


def list_outs() -> list[str]:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"].values()
    return [out for stage in stages for out in stage.get("do", stage)["outs"]]


@pytest.mark.parametrize("title", PLOTS)
def test_a_plot_draws_a_file_of_a_stage(title: str) -> None:
    for path in PLOTS[title]["y"]:
        assert any(Path(path).is_relative_to(out) for out in list_outs()), f"{path}: no stage writes this file"


@pytest.mark.parametrize("title", PLOTS)
def test_dvc_fills_every_place_of_the_template(title: str) -> None:
    plot = PLOTS[title]
    assert get_template(plot["template"], TEMPLATES).name == plot["template"]
    for fields in plot["y"].values():
        names = [fields] if isinstance(fields, str) else fields
        points = [{plot["x"]: "1", name: "0.5", "rev": rev, "field": name} for rev in ("a", "b") for name in names]
        renderer = VegaRenderer(
            points,
            title,
            x=plot["x"],
            y=names[0],
            template=plot["template"],
            template_dir=str(TEMPLATES),
            anchors_y_definitions=[{"filename": "f", "field": name} for name in names],
            revs_with_datapoints=["a", "b"],
        )
        filled = json.dumps(renderer.get_filled_template())
        assert "<DVC_METRIC_" not in filled
        assert plot["x"] in filled


def test_every_template_is_used() -> None:
    used = {plot["template"] for plot in PLOTS.values()}
    assert {path.stem for path in TEMPLATES.iterdir()} == used
