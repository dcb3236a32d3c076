import hashlib
import importlib.util
from urllib.error import URLError

import pytest
import torch
import torchvision
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from unpickle_trap import UnpickleTrap

from weft.errors import ModelError
from weft.model import weights
from weft.model.backbone import load_backbone
from weft.model.weights import PACKAGED, load_imagenet_weights, read_weights

TENSORS = {"a": torch.arange(4.0), "b.weight": torch.eye(2)}


@pytest.fixture
def named_by_hash(tmp_path):
    """A file named as torchvision names its own."""
    torch.save(TENSORS, tmp_path / "plain")
    data = (tmp_path / "plain").read_bytes()
    path = tmp_path / f"net-{hashlib.sha256(data).hexdigest()[:8]}.pth"
    path.write_bytes(data)
    return path


def have_equal_tensors(one, other):
    return set(one) == set(other) and all(one[name].equal(other[name]) for name in one)


def test_local_pth_and_safetensors_files_load(tmp_path):
    torch.save(TENSORS, tmp_path / "w.pth")
    save_file(TENSORS, tmp_path / "w.safetensors")
    assert have_equal_tensors(read_weights(tmp_path / "w.pth"), TENSORS)
    assert have_equal_tensors(read_weights(tmp_path / "w.safetensors"), TENSORS)


def test_a_local_file_makes_a_backbone(tmp_path):
    network = torchvision.models.shufflenet_v2_x0_5()
    save_file(network.state_dict(), tmp_path / "w.safetensors")
    loaded = load_backbone("shufflenet_v2_x0_5", str(tmp_path / "w.safetensors")).network
    assert loaded.conv1[0].weight.equal(network.conv1[0].weight)


def test_a_file_whose_sha256_is_not_the_one_in_its_name_raises_an_error(named_by_hash):
    assert have_equal_tensors(read_weights(named_by_hash), TENSORS)
    named_by_hash.write_bytes(named_by_hash.read_bytes() + b"\0")
    with pytest.raises(ModelError, match=r"net-.*\.pth: the sha256 does not begin with .* as the name says; download"):
        read_weights(named_by_hash)


def test_a_pickle_with_code_raises_an_error_and_does_not_run(tmp_path):
    torch.save({"a": UnpickleTrap(tmp_path / "trapped")}, tmp_path / "w.pth")
    with pytest.raises(ModelError, match=r"w\.pth: expected a file of plain tensors"):
        read_weights(tmp_path / "w.pth")
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize("what", [[torch.zeros(2)], {"a": 1}, torch.zeros(2)])
def test_a_file_without_named_tensors_raises_an_error(tmp_path, what):
    torch.save(what, tmp_path / "w.pth")
    with pytest.raises(ModelError, match=r"w\.pth: expected a mapping of names to tensors, got "):
        read_weights(tmp_path / "w.pth")


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=40))
def test_bytes_that_are_not_weights_raise_an_error(tmp_path, suffix, data):
    path = tmp_path / f"w.{suffix}"
    path.write_bytes(data)
    with pytest.raises(ModelError, match=r"w\.\w+: expected a (file of plain tensors|mapping)") as error:
        read_weights(path)
    assert "\n" not in str(error.value)


def test_a_missing_file_raises_an_error_with_its_name(tmp_path):
    with pytest.raises(ModelError, match=r"none\.pth: the weights cannot be read"):
        read_weights(tmp_path / "none.pth")


@pytest.mark.skipif(
    importlib.util.find_spec(PACKAGED["mobilenet_v2"][0]) is None, reason="requirements-weights.txt is not installed"
)
def test_imagenet_weights_of_mobilenet_v2_come_from_the_package(monkeypatch):
    def no_network(*args, **kwargs):
        raise AssertionError("downloaded")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", no_network)
    backbone = load_backbone("mobilenet_v2", "imagenet")
    network = backbone.network
    assert backbone.dim == 1_280
    assert float(network.features[0][1].running_var.mean()) > 0
    assert not torch.equal(network.features[0][1].running_var, torch.ones(32))


def test_a_failed_download_raises_an_error_that_says_what_to_do(monkeypatch):
    def down(*args, **kwargs):
        raise URLError("no network")

    monkeypatch.setattr(torchvision.models._api.WeightsEnum, "get_state_dict", down)
    with pytest.raises(ModelError, match=r"resnet18 cannot be downloaded .*no network.*mobilenet_v2, .*whose"):
        load_imagenet_weights("resnet18")


def test_a_backbone_without_the_package_is_downloaded(monkeypatch):
    monkeypatch.setattr(weights, "PACKAGED", {"mobilenet_v2": ("a_package_that_nobody_has", "w.pth")})
    monkeypatch.setattr(torchvision.models._api.WeightsEnum, "get_state_dict", lambda *a, **k: TENSORS)
    assert load_imagenet_weights("mobilenet_v2") is TENSORS
