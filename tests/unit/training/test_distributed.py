"""Several processes on loopback (gloo) learn what one does with the same batches."""

import json
import os
import socket
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torchvision.ops import StochasticDepth
from two_processes import train

from weft.process_group import SINGLE_PROCESS
from weft.training.distributed import LocalSlice, convert_sync_layers

SGD = {"batch_size": 10, "optimizer": {"name": "sgd", "backbone_lr": 0.1, "head_lr": 0.01}}
SCRIPT = Path(__file__).with_name("two_processes.py")


def run_in_processes(count, folders):
    """Run the jobs of all `folders` in `count` processes to their end."""
    with socket.socket() as reserved_port:
        # While this socket has the port, no other program is given it; the first process may still listen on it.
        reserved_port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved_port.bind(("127.0.0.1", 0))
        port = str(reserved_port.getsockname()[1])
        world = {"WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
        started = [
            subprocess.Popen(
                [sys.executable, SCRIPT, *folders], env=os.environ | world | {"RANK": str(rank)}, stderr=subprocess.PIPE
            )
            for rank in range(count)
        ]
        try:
            for process in started:
                _, stderr = process.communicate(timeout=300)
                assert process.returncode == 0, stderr.decode()
        finally:
            for process in started:
                process.kill()
                process.communicate()


# 33 photos by 10: the last batch has 3.
JOBS = {
    "live_batch_norm": ("small", 0, {**SGD, "ema_decay": 0.9}),
    "frozen_batch_norm": (
        "mobilenet_v3_small",
        5,
        {"batch_size": 10, "loss": "sampled_softmax", "freeze_batch_norm": True, "accumulate": 2},
    ),
    "frozen_blocks": ("small", 5, {**SGD, "bag_similarity": {"weight": 1.0}, "frozen_modules": ["0", "1"]}),
}
"""By name: the encoder, its projection and the settings that differ."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory, write_prepared, finetune_settings):
    """The folder of all jobs, which one pair of processes has trained, because each start takes seconds."""
    root = tmp_path_factory.mktemp("distributed")
    for name, (encoder, projection, changes) in JOBS.items():
        write_prepared(root / name / "train", [[n % 4, 4] for n in range(33)])
        write_prepared(root / name / "val", [[n % 4, 4] for n in range(50)])
        optimizer = {"name": "adamw", "backbone_lr": 0.001, "head_lr": 0.01}
        settings = finetune_settings(epochs=2, **{"optimizer": optimizer, **changes})
        job = {
            "encoder": encoder,
            "projection": projection,
            "training": asdict(settings.training),
            "finetune": asdict(settings.stage),
        }
        (root / name / "job.json").write_text(json.dumps(job))
    run_in_processes(2, [root / name for name in JOBS])
    return root


@pytest.mark.slow
@pytest.mark.parametrize("name", JOBS)
def test_training_in_two_processes_equals_training_in_one(trained, name):
    folder = trained / name
    (folder / "alone").mkdir()
    train(folder, folder / "alone", SINGLE_PROCESS)

    def curve(name):
        history = json.loads((folder / name / "history.json").read_text())
        return np.array([[record["train_loss"], record["val_loss"]] for record in history])

    alone = curve("alone")
    assert abs(alone[2] - alone[1]).max() > 1e-3  # it does learn
    np.testing.assert_allclose(curve("rank0"), alone, rtol=0, atol=1e-4)
    np.testing.assert_array_equal(curve("rank1"), curve("rank0"))
    weights = [torch.load(folder / f"rank{n}" / "weights.pt", weights_only=True) for n in range(2)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert set(weights[0]) == set(torch.load(folder / "alone" / "weights.pt", weights_only=True))
    assert not (folder / "rank1" / "checkpoint.pt").exists()


@pytest.mark.parametrize("rows", [slice(0, 3), slice(3, 7), slice(2, 2)])
def test_dropout_of_a_part_equals_the_same_rows_of_the_whole_batch(rows):
    x = torch.rand(7, 5, generator=torch.Generator().manual_seed(1)) + 0.1
    part = LocalSlice(rows, 7)
    model = nn.Sequential(nn.Dropout(0.4))
    convert_sync_layers(model, part)
    torch.manual_seed(3)
    whole = functional.dropout(x, 0.4, training=True)
    torch.manual_seed(3)
    assert model(x[rows]).equal(whole[rows])
    assert model.eval()(x[rows]).equal(x[rows])


@pytest.mark.parametrize("mode", ["row", "batch"])
def test_stochastic_depth_of_a_part_equals_the_same_rows_of_the_whole_batch(mode):
    x = torch.rand(7, 2, 3, 3, generator=torch.Generator().manual_seed(1)) + 0.1
    part = LocalSlice(slice(2, 6), 7)
    model = nn.Sequential(StochasticDepth(0.5, mode))
    whole = nn.Sequential(StochasticDepth(0.5, mode))
    convert_sync_layers(model, part)
    torch.manual_seed(5)
    expected = whole(x)
    torch.manual_seed(5)
    assert model(x[part.rows]).equal(expected[part.rows])


def test_converted_layers_keep_their_names_and_tensors():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Sequential(nn.BatchNorm1d(2, affine=False)))
    before = dict(model.state_dict())
    convert_sync_layers(model, LocalSlice())
    assert list(model.state_dict()) == list(before)
    assert all(model.state_dict()[name].data_ptr() == tensor.data_ptr() for name, tensor in before.items())
    photos = torch.rand(2, 3, 8, 8)
    assert model[:2].eval()(photos).shape == (2, 4, 6, 6)


def test_timms_batch_norm_keeps_its_activation():
    timm_layers = pytest.importorskip("timm.layers", reason="requirements-weights.txt is not installed")
    norm = timm_layers.BatchNormAct2d(3, act_layer=nn.ReLU6).eval()
    x = 9 * torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    expected = norm(x).detach()
    model = nn.Sequential(norm)
    convert_sync_layers(model, LocalSlice())
    assert model[0] is not norm
    assert model.eval()(x).equal(expected)
    assert 0 <= float(expected.min()) < float(expected.max()) == 6
