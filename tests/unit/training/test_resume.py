"""kill -9 at any step, go on, and end as if nothing had happened."""

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from killed_training import train
from run_contexts import KilledError, in_folder
from two_processes import build_model, open_stored_photos

from weft.data.samplers import Sampler
from weft.training import batches
from weft.training import finetune as module
from weft.training.checkpoint import CheckpointManager, load_checkpoint
from weft.training.finetune import finetune

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("killed_training.py")
STEPS = 2 * 5
"""Two epochs of 33 photos by 7."""


VARIANTS = [
    {},
    {
        "optimizer": "sgd",
        "lr_schedule": {"name": "plateau", "warmup_epochs": 0.5},
        "loss": "sampled_softmax",
        "targets": "sampled_word",
    },
    {
        "ema_decay": 0.9,
        "lr_schedule": "cosine",
        "amp_dtype": "float16",
        "augmentation": {"min_crop_scale": 0.5},
        "optimizer": {"name": "adamw", "layerwise_lr_decay": 0.7},
    },
    {"amp_dtype": "bfloat16", "freeze_batch_norm": True, "early_stopping_patience": 1},
    {"frozen_modules": ["0", "1"], "bag_similarity": {"weight": 1.0}},
]


@pytest.fixture
def job(tmp_path, write_prepared, finetune_settings):
    def write(**changes):
        write_prepared(tmp_path / "train", [[n % 4, 4] for n in range(33)])
        write_prepared(tmp_path / "val", [[n % 4, 4] for n in range(8)])
        settings = finetune_settings(**{"epochs": 2, "batch_size": 7, **changes})
        sections = {"training": asdict(settings.training), "finetune": asdict(settings.stage)}
        (tmp_path / "job.json").write_text(json.dumps({**sections, "projection": 4}))
        return tmp_path

    return write


def load_outcome(folder):
    done = torch.load(folder / "done.pt", weights_only=True)
    return done["history"], done["model"]


def have_equal_outcomes(one, other):
    return one[0] == other[0] and all(one[1][name].equal(other[1][name]) for name in one[1])


@pytest.mark.parametrize("changes", VARIANTS, ids=["plain", "sampled", "average_half", "bfloat16", "frozen"])
def test_an_interruption_after_any_step_changes_no_bit(job, monkeypatch, changes):
    folder = job(**changes)
    (folder / "whole").mkdir()
    train(folder, folder / "whole")
    save = CheckpointManager.save
    for killed_after in range(1, STEPS, 2):
        out = folder / f"killed_after_{killed_after}"
        out.mkdir()
        saves = 0

        def save_and_die(journal, progress, last=killed_after):
            nonlocal saves
            save(journal, progress)
            saves += progress.steps > 0
            if saves == last:
                raise KilledError

        monkeypatch.setattr(CheckpointManager, "save", save_and_die)
        with pytest.raises(KilledError):
            train(folder, out)
        monkeypatch.setattr(CheckpointManager, "save", save)
        torch.rand(7)  # another process has drawn other numbers by then
        train(folder, out)
        assert have_equal_outcomes(load_outcome(out), load_outcome(folder / "whole")), (
            f"killed after step {killed_after}"
        )


@pytest.mark.slow
def test_a_kill_at_any_time_changes_no_bit(job):
    folder = job(epochs=30)
    (folder / "whole").mkdir()
    train(folder, folder / "whole")
    (folder / "killed").mkdir()
    newest, ages = folder / "killed" / "state" / "checkpoint.pt", []
    for _ in range(2):
        process = subprocess.Popen(
            [sys.executable, SCRIPT, folder, folder / "killed"],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stderr=subprocess.DEVNULL,
        )
        began, until = newest.stat().st_mtime_ns if newest.exists() else 0, time.monotonic() + 300
        while process.poll() is None and time.monotonic() < until:
            if newest.exists() and newest.stat().st_mtime_ns > began:
                break
            time.sleep(0.002)
        process.kill()
        process.wait()
        ages.append(newest.stat().st_mtime_ns)
    assert ages[0] < ages[1]
    assert not (folder / "killed" / "done.pt").exists()
    train(folder, folder / "killed")
    assert have_equal_outcomes(load_outcome(folder / "killed"), load_outcome(folder / "whole"))


def test_finished_steps_are_not_repeated(job, monkeypatch):
    folder = job()
    (folder / "out").mkdir()
    seen, steps = [], batches.epoch_batches

    def watched(*arguments):
        for step in steps(*arguments):
            seen.append(step.step)
            yield step

    monkeypatch.setattr(module, "epoch_batches", watched)
    save = CheckpointManager.save

    def save_and_die(journal, progress):
        save(journal, progress)
        if progress.steps == 3:
            raise KilledError

    monkeypatch.setattr(CheckpointManager, "save", save_and_die)
    with pytest.raises(KilledError):
        train(folder, folder / "out")
    monkeypatch.setattr(CheckpointManager, "save", save)
    seen.clear()
    train(folder, folder / "out")
    assert seen == [3, 4, 0, 1, 2, 3, 4]


def test_a_damaged_checkpoint_loses_only_the_steps_since_the_previous_one(job, monkeypatch):
    folder = job()
    (folder / "whole").mkdir()
    train(folder, folder / "whole")
    (folder / "out").mkdir()
    save = CheckpointManager.save

    def save_and_die(journal, progress):
        save(journal, progress)
        if progress.steps == 4:
            raise KilledError

    monkeypatch.setattr(CheckpointManager, "save", save_and_die)
    with pytest.raises(KilledError):
        train(folder, folder / "out")
    monkeypatch.setattr(CheckpointManager, "save", save)
    newest = folder / "out" / "state" / "checkpoint.pt"
    fingerprint = torch.load(newest, weights_only=True)["fingerprint"]
    newest.write_bytes(newest.read_bytes()[:-1_000])
    assert load_checkpoint(newest.parent, fingerprint)["progress"]["steps"] == 3
    train(folder, folder / "out")
    assert have_equal_outcomes(load_outcome(folder / "out"), load_outcome(folder / "whole"))


def test_without_a_short_interval_only_epoch_ends_are_saved(job, finetune_settings, monkeypatch):
    folder, saved = job(), []
    save = CheckpointManager.save
    monkeypatch.setattr(CheckpointManager, "save", lambda journal, p: (save(journal, p), saved.append(p.steps)))
    settings = finetune_settings(epochs=2, batch_size=7)
    (folder / "out").mkdir()
    finetune(
        open_stored_photos(folder / "train", folder / "out" / "train.arrow"),
        open_stored_photos(folder / "val", folder / "out" / "val.arrow"),
        build_model("small", 4),
        *settings,
        in_folder(folder / "out" / "state"),
        on_epoch_end=lambda record, cost: None,
    )
    assert saved == [0, 0, 0]


def test_the_order_of_photos_depends_only_on_seed_and_epoch(cached):
    bags = cached(40, seed=1).bags

    def order(seed, epoch):
        return [
            batch.photo_indices.tolist() for batch in Sampler(bags, 6, "soft_targets", 0.0, seed).sample_epoch(epoch, 8)
        ]

    assert order(1, 2) == order(1, 2)
    assert order(1, 2) != order(1, 3)
    assert order(1, 2) != order(2, 2)
