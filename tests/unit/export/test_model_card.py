import json
import shutil
from dataclasses import replace

import pytest
import yaml

import weft
from weft.contracts import files
from weft.errors import ContractError, InputError, ModelError
from weft.export.card_facts import read_card_facts
from weft.export.hub_folder import write_hub_folder
from weft.export.model_card import render_card


def split_card(card):
    """Return the front matter and the text."""
    _, front_matter, text = card.split("---\n", 2)
    return yaml.safe_load(front_matter), text


def test_the_front_matter_is_what_the_hub_reads(project):
    metadata, _ = split_card(render_card(read_card_facts(project), "my-model", "apache-2.0", has_onnx=False))
    assert metadata["language"] == ["en", "de"]
    assert (metadata["license"], metadata["library_name"]) == ("apache-2.0", "weft")
    (model,) = metadata["model-index"]
    assert model["name"] == "my-model"
    retrieval, tagging = model["results"]
    assert retrieval["dataset"] == {"type": "catalogue", "name": "catalogue", "split": "test"}
    assert retrieval["metrics"] == [
        {"type": "recall_at_1", "name": "recall at 1", "value": 0.46, "args": {"ci_95": [0.43, 0.5]}}
    ]
    assert tagging["task"]["type"] == "image-classification"
    assert tagging["metrics"] == [{"type": "precision_at_5", "name": "precision at 5", "value": 0.7}]


def test_a_licence_that_nobody_stated_is_not_invented(project):
    metadata, text = split_card(render_card(read_card_facts(project), "my-model", "other", has_onnx=False))
    assert (metadata["license"], metadata["license_name"]) == ("other", "not-stated")
    assert "| this model | not stated by its authors |" in text
    assert "BSD-3-Clause (torchvision); trained on ImageNet" in text


@pytest.mark.parametrize(
    ("weights", "licence"),
    [
        ("random", "the network was not pretrained"),
        ("/data/own.pth", "not known to Weft: they come from the file own.pth"),
    ],
)
def test_the_licence_of_the_backbone_is_that_of_its_weights(project, weights, licence):
    facts = replace(read_card_facts(project), params={"model.weights": weights})
    assert licence in render_card(facts, "my-model", "other", has_onnx=False)


def test_the_licence_of_a_library_backbone_is_left_to_the_library(project):
    facts = read_card_facts(project)
    facts = replace(facts, provenance=replace(facts.provenance, backbone="timm:convnext_nano"))
    card = render_card(facts, "my-model", "other", has_onnx=False)
    assert "| weights of the backbone | that of timm for this model, which Weft does not know |" in card


def test_the_text_has_data_results_limits_and_parameters(project):
    _, text = split_card(render_card(read_card_facts(project), "my-model", "other", has_onnx=True))
    assert "6 products with photos, of 2 shops" in text
    assert "8 photos of 4 products trained the model" in text
    assert "46.0 (43.0–50.0)" in text
    assert "2 of 8 words have a threshold" in text
    assert "precision 81.0 %, recall unknown, 1.5 tags" in " ".join(text.split())
    assert "Ties go to the photo that comes first in the gallery." in text
    assert "finetune.epochs: 4" in text
    assert "## Limits" in text


def test_names_of_shops_cannot_change_the_page(project):
    card = render_card(read_card_facts(project), "<script>", "other", has_onnx=False)
    assert r"\<b\>bold\</b\>" in card
    assert "<script>" not in split_card(card)[1].replace(r"\<script\>", "")


def test_results_of_another_model_are_refused(project):
    (project.data / "embeddings" / "catalogue" / files.DIGEST).write_text("0" * 64)
    with pytest.raises(ModelError, match="the results are those of the model 000000000000, expected"):
        read_card_facts(project)


def test_a_project_without_results_has_no_card(project):
    shutil.rmtree(project.reports)
    with pytest.raises(ContractError, match=r"expected benchmarks/NAME/metrics\.json, got none; run dvc repro"):
        read_card_facts(project)


def test_the_folder_is_a_model_of_its_own_without_any_pickle(project, exported_model, tmp_path):
    names = write_hub_folder(project, exported_model, tmp_path / "hub", "my-model", "other")
    assert {name.rsplit(".", 1)[-1] for name in names} <= {
        "md",
        "json",
        "txt",
        "tsv",
        "csv",
        "safetensors",
        "parquet",
        "onnx",
    }
    digest = (project.model / files.DIGEST).read_text().strip()
    assert weft.load(tmp_path / "hub", device="cpu", workers=1).digest == digest
    assert weft.load(tmp_path / "hub" / "onnx", workers=1).digest == digest
    assert (tmp_path / "hub" / "calibration" / files.TAG_HEAD).is_file()
    assert write_hub_folder(project, tmp_path / "none", tmp_path / "hub", "my-model", "other") == [
        name for name in names if not name.startswith("onnx/")
    ]


def test_an_exported_model_of_another_origin_is_left_out(project, exported_model, tmp_path, capsys):
    other = shutil.copytree(exported_model, tmp_path / "onnx")
    export = json.loads((other / files.EXPORT).read_text()) | {"model": "0" * 64}
    (other / files.EXPORT).write_text(json.dumps(export))
    names = write_hub_folder(project, other, tmp_path / "hub", "my-model", "other")
    assert not any(name.startswith("onnx/") for name in names)
    assert "left out, because it was exported from another model" in capsys.readouterr().err


def test_a_folder_with_other_files_is_not_replaced(project, tmp_path):
    with pytest.raises(InputError, match="it exists and holds other files than a model card"):
        write_hub_folder(project, tmp_path / "none", tmp_path, "my-model", "other")
    with pytest.raises(InputError, match="it exists and holds other files than a model card"):
        write_hub_folder(project, tmp_path / "none", project.model, "my-model", "other")
