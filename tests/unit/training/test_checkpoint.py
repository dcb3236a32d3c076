import pickle
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weft.training.checkpoint import (
    compute_fingerprint,
    delete_checkpoint,
    hash_weights,
    load_checkpoint,
    save_checkpoint,
)

STATE = {"model": {"words": torch.arange(6.0).view(2, 3)}, "history": [{"epoch": 0, "val_loss": float("nan")}]}


class UnpickleTrap:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_checkpoint_gives_back_what_was_saved(tmp_path):
    save_checkpoint(tmp_path / "state", "mine", STATE)
    loaded = load_checkpoint(tmp_path / "state", "mine")
    assert loaded["model"]["words"].equal(STATE["model"]["words"])
    assert str(loaded["history"]) == str(STATE["history"])


def test_another_fingerprint_starts_anew(tmp_path):
    save_checkpoint(tmp_path, "mine", STATE)
    assert load_checkpoint(tmp_path, "another") is None


def test_no_checkpoint_is_none(tmp_path):
    assert load_checkpoint(tmp_path, "mine") is None


def test_a_pickle_with_code_in_it_is_never_run(tmp_path, capsys):
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


def test_the_newest_is_taken(tmp_path):
    save_twice(tmp_path)
    assert load_checkpoint(tmp_path, "mine")["number"] == 2


@pytest.mark.parametrize("damage", [lambda data: data[:-40], lambda data: b"", lambda data: b"PK" + data[:100]])
def test_behind_a_damaged_one_stands_the_one_before(tmp_path, damage, capsys):
    newest = save_twice(tmp_path)
    newest.write_bytes(damage(newest.read_bytes()))
    assert load_checkpoint(tmp_path, "mine")["number"] == 1
    assert "warning" in capsys.readouterr().err


def test_one_turned_bit_among_the_numbers_is_noticed(tmp_path):
    tensor = torch.arange(1_000, dtype=torch.float32)
    save_checkpoint(tmp_path, "mine", {"number": 1})
    save_checkpoint(tmp_path, "mine", {"tensor": tensor})
    file = tmp_path / "checkpoint.pt"
    data = bytearray(file.read_bytes())
    data[data.index(tensor.numpy().tobytes()) + 777] ^= 4
    file.write_bytes(data)
    assert load_checkpoint(tmp_path, "mine")["number"] == 1


def test_a_kill_between_the_two_renames_loses_nothing(tmp_path):
    newest = save_twice(tmp_path)
    newest.replace(tmp_path / "checkpoint.before.pt")
    assert load_checkpoint(tmp_path, "mine")["number"] == 2


def test_two_checkpoints_are_kept_and_no_more(tmp_path):
    for number in range(4):
        save_checkpoint(tmp_path, "mine", {"number": number})
    assert sorted(file.name for file in tmp_path.iterdir()) == ["checkpoint.before.pt", "checkpoint.pt"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60) | st.integers(1, 1_500))
def test_damage_is_no_checkpoint(tmp_path, damage):
    delete_checkpoint(tmp_path)
    save_checkpoint(tmp_path, "mine", STATE)
    file = tmp_path / "checkpoint.pt"
    file.write_bytes(damage if isinstance(damage, bytes) else file.read_bytes()[:-damage])
    assert load_checkpoint(tmp_path, "mine") is None


def test_a_save_that_fails_leaves_the_old_checkpoint(tmp_path):
    save_checkpoint(tmp_path, "mine", STATE)
    with pytest.raises(AttributeError):
        save_checkpoint(tmp_path, "mine", {"cannot": lambda: 0})
    assert load_checkpoint(tmp_path, "mine") is not None
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_forgetting_is_safe_to_repeat(tmp_path):
    save_twice(tmp_path)
    delete_checkpoint(tmp_path)
    delete_checkpoint(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_fingerprint_tells_parts_apart():
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


def test_the_digest_of_weights_sees_one_changed_number(toy):
    model, changed = toy(), toy()
    assert hash_weights(model) == hash_weights(changed)
    with torch.no_grad():
        changed.encoder[0].weight[0, 0, 0, 0] += 1e-4
    assert hash_weights(model) != hash_weights(changed)
