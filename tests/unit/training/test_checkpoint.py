import pickle
import zipfile

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unpickle_trap import UnpickleTrap

from weft.training.checkpoint import (
    compute_fingerprint,
    delete_checkpoint,
    hash_weights,
    load_checkpoint,
    save_checkpoint,
)

STATE = {"model": {"words": torch.arange(6.0).view(2, 3)}, "history": [{"epoch": 0, "val_loss": float("nan")}]}


def test_a_loaded_checkpoint_equals_the_saved_state(tmp_path):
    save_checkpoint(tmp_path / "state", "mine", STATE)
    loaded = load_checkpoint(tmp_path / "state", "mine")
    assert loaded["model"]["words"].equal(STATE["model"]["words"])
    assert str(loaded["history"]) == str(STATE["history"])


def test_a_checkpoint_that_was_written_on_a_gpu_is_read_on_a_cpu(tmp_path):
    """Without a GPU, the name of the device in the file is replaced by that of a GPU."""
    save_checkpoint(tmp_path, "mine", STATE)
    path = tmp_path / "checkpoint.pt"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            # A string in a pickle is X, its length in four bytes, and its text.
            archive.writestr(name, content.replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0"))
    with pytest.raises(RuntimeError, match="CUDA"):
        torch.load(path, weights_only=True)
    words = load_checkpoint(tmp_path, "mine")["model"]["words"]
    assert words.device.type == "cpu"
    assert words.equal(STATE["model"]["words"])


def test_a_checkpoint_with_another_fingerprint_is_ignored(tmp_path):
    save_checkpoint(tmp_path, "mine", STATE)
    assert load_checkpoint(tmp_path, "another") is None


def test_load_checkpoint_returns_none_without_a_checkpoint(tmp_path):
    assert load_checkpoint(tmp_path, "mine") is None


def test_code_in_a_pickle_is_never_run(tmp_path, capsys):
    for state in (
        UnpickleTrap(tmp_path / "trapped"),
        {"fingerprint": "mine", "trap": UnpickleTrap(tmp_path / "trapped")},
    ):
        torch.save(state, tmp_path / "checkpoint.pt")
        assert load_checkpoint(tmp_path, "mine") is None
        assert (
            "checkpoint.pt: expected an undamaged checkpoint of tensors and plain values, ignored"
            in capsys.readouterr().err
        )
    (tmp_path / "checkpoint.pt").write_bytes(pickle.dumps(UnpickleTrap(tmp_path / "trapped")))
    assert load_checkpoint(tmp_path, "mine") is None
    assert not (tmp_path / "trapped").exists()


def test_a_checkpoint_loads_with_weights_only(tmp_path):
    save_checkpoint(tmp_path, "mine", STATE)
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["fingerprint"] == "mine"


def save_twice(folder):
    save_checkpoint(folder, "mine", {"number": 1})
    save_checkpoint(folder, "mine", {"number": 2})
    return folder / "checkpoint.pt"


def test_the_latest_checkpoint_is_loaded(tmp_path):
    save_twice(tmp_path)
    assert load_checkpoint(tmp_path, "mine")["number"] == 2


@pytest.mark.parametrize("damage", [lambda data: data[:-40], lambda data: b"", lambda data: b"PK" + data[:100]])
def test_the_previous_checkpoint_is_loaded_if_the_latest_is_damaged(tmp_path, damage, capsys):
    newest = save_twice(tmp_path)
    newest.write_bytes(damage(newest.read_bytes()))
    assert load_checkpoint(tmp_path, "mine")["number"] == 1
    assert "warning" in capsys.readouterr().err


def test_a_flipped_bit_in_a_tensor_is_detected(tmp_path):
    tensor = torch.arange(1_000, dtype=torch.float32)
    save_checkpoint(tmp_path, "mine", {"number": 1})
    save_checkpoint(tmp_path, "mine", {"tensor": tensor})
    file = tmp_path / "checkpoint.pt"
    data = bytearray(file.read_bytes())
    data[data.index(tensor.numpy().tobytes()) + 777] ^= 4
    file.write_bytes(data)
    assert load_checkpoint(tmp_path, "mine")["number"] == 1


def test_a_kill_between_the_two_renames_keeps_the_previous_checkpoint(tmp_path):
    newest = save_twice(tmp_path)
    newest.replace(tmp_path / "checkpoint.before.pt")
    assert load_checkpoint(tmp_path, "mine")["number"] == 2


def test_only_two_checkpoints_are_kept(tmp_path):
    for number in range(4):
        save_checkpoint(tmp_path, "mine", {"number": number})
    assert sorted(file.name for file in tmp_path.iterdir()) == ["checkpoint.before.pt", "checkpoint.pt"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60) | st.integers(1, 1_500))
def test_a_damaged_checkpoint_is_ignored(tmp_path, damage):
    delete_checkpoint(tmp_path)
    save_checkpoint(tmp_path, "mine", STATE)
    file = tmp_path / "checkpoint.pt"
    file.write_bytes(damage if isinstance(damage, bytes) else file.read_bytes()[:-damage])
    assert load_checkpoint(tmp_path, "mine") is None


def test_a_failed_save_keeps_the_old_checkpoint(tmp_path):
    save_checkpoint(tmp_path, "mine", STATE)
    with pytest.raises(AttributeError):
        save_checkpoint(tmp_path, "mine", {"cannot": lambda: 0})
    assert load_checkpoint(tmp_path, "mine") is not None
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_deleting_checkpoints_twice_raises_no_error(tmp_path):
    save_twice(tmp_path)
    delete_checkpoint(tmp_path)
    delete_checkpoint(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_different_parts_have_different_fingerprints():
    assert compute_fingerprint("a", 1) == compute_fingerprint("a", 1)
    assert (
        len(
            {
                compute_fingerprint("a", 1),
                compute_fingerprint("a", "1"),
                compute_fingerprint("a"),
                compute_fingerprint(1, "a"),
            }
        )
        == 4
    )


def test_one_changed_number_changes_the_hash_of_the_weights(toy):
    model, changed = toy(), toy()
    assert hash_weights(model) == hash_weights(changed)
    with torch.no_grad():
        changed.encoder[0].weight[0, 0, 0, 0] += 1e-4
    assert hash_weights(model) != hash_weights(changed)
