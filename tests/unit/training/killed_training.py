"""A training that test_resume.py kills: python killed_training.py FOLDER; checkpoints after every step."""

import json
import sys
from pathlib import Path

import torch
from pydantic import TypeAdapter
from run_contexts import in_folder
from two_processes import build_model, open_stored_photos

from weft.params import Finetune, Training
from weft.training.finetune import finetune


def train(folder: Path, out: Path) -> None:
    job = json.loads((folder / "job.json").read_text())
    model = build_model("small", job["projection"])
    history = finetune(
        open_stored_photos(folder / "train", out / "train.arrow"),
        open_stored_photos(folder / "val", out / "val.arrow"),
        model,
        TypeAdapter(Training).validate_python(job["training"]),
        TypeAdapter(Finetune).validate_python(job["finetune"]),
        in_folder(out / "state", workers=2, checkpoint_seconds=0.0),
        on_epoch_end=lambda record, cost: None,
    )
    torch.save({"model": model.state_dict(), "history": repr(history)}, out / "done.pt")


if __name__ == "__main__":
    torch.set_num_threads(1)
    train(Path(sys.argv[1]), Path(sys.argv[2]))
