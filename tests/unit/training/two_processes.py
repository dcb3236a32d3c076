"""What one of several processes runs in test_distributed.py: small trainings in turn, over gloo on loopback.

    RANK=0 WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=... python two_processes.py FOLDER...

Each FOLDER holds job.json: the sections training and finetune, the encoder and its projection. The script writes
history and weights to a folder of its own there.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import torch
from pydantic import TypeAdapter
from run_contexts import in_folder
from torch import nn

from weft.bags import read_documents
from weft.data.photo_store import PhotoStore, read_product_ids
from weft.model.backbone import IMAGENET, Backbone, load_backbone
from weft.model.embedder import Embedder
from weft.params import Finetune, Training
from weft.process_group import ProcessGroup, init_process_group
from weft.training.finetune import finetune
from weft.training.stored_photos import StoredPhotos


def open_stored_photos(folder: Path, scratch: Path) -> StoredPhotos:
    documents = read_documents(folder.parent / "documents.parquet", 6)
    products = documents.find(read_product_ids(folder))
    bags = documents.training_bags(products, count_repeated_words=True)
    return StoredPhotos(PhotoStore(folder, scratch), bags, products)


class SmallNetwork(nn.Sequential):
    """Batch norm and dropout, and so few layers that digits lost in float32 stay few."""

    def __init__(self) -> None:
        super().__init__(
            *(nn.Conv2d(3, 8, 5, stride=2), nn.BatchNorm2d(8), nn.ReLU()),
            *(nn.Conv2d(8, 12, 3, stride=2), nn.BatchNorm2d(12), nn.ReLU()),
            *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2)),
        )


def build_model(encoder: str, projection: int) -> Embedder:
    torch.manual_seed(0)
    backbone = Backbone(SmallNetwork(), 12, IMAGENET) if encoder == "small" else load_backbone(encoder, "random")
    generator = torch.Generator().manual_seed(2)
    projection_weight = (
        torch.randn(projection, backbone.dim, generator=generator) / backbone.dim**0.5 if projection else None
    )
    words = 0.1 * torch.randn(6, projection or backbone.dim, generator=generator)
    return Embedder(backbone.network, words, backbone.normalisation, projection_weight)


def train(folder: Path, out: Path, processes: ProcessGroup) -> None:
    job = json.loads((folder / "job.json").read_text())
    model = build_model(job["encoder"], job["projection"])
    history = finetune(
        open_stored_photos(folder / "train", out / "train.arrow"),
        open_stored_photos(folder / "val", out / "val.arrow"),
        model,
        TypeAdapter(Training).validate_python(job["training"]),
        TypeAdapter(Finetune).validate_python(job["finetune"]),
        in_folder(folder / f"state_of_{processes.world_size}", process_group=processes),
        on_epoch_end=lambda record, cost: None,
    )
    (out / "history.json").write_text(json.dumps([asdict(record) for record in history]))
    torch.save(model.state_dict(), out / "weights.pt")


if __name__ == "__main__":
    torch.set_num_threads(1)
    with init_process_group("cpu") as group:
        for folder in map(Path, sys.argv[1:]):
            place = folder / f"rank{group.rank}"
            place.mkdir()
            train(folder, place, group)
