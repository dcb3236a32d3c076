"""The baseline of benchmarks/training.py: a plain training loop with ImageFolder, Pillow and float32."""

import time
from pathlib import Path

import torch
import torchvision
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from weft import runtime
from weft.model.backbone import IMAGENET


class PlainTrainingLoop:
    """A classifier trained as in torchvision's examples, with one folder for each class.

    It has the same network, optimiser and number of outputs as finetune, and trains all layers. It decodes photos in
    its own process, so that CPU time includes the decoding.
    """

    def __init__(
        self, photos: list[bytes], folder: Path, num_classes: int, height: int, width: int, batch_size: int
    ) -> None:
        for number, photo in enumerate(photos):
            class_folder = folder / f"class{number % 10}"
            class_folder.mkdir(parents=True, exist_ok=True)
            (class_folder / f"{number}.jpg").write_bytes(photo)
        transform_steps = [
            transforms.Resize((height, width)),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize(*IMAGENET),
        ]
        self._device = runtime.device()
        dataset = ImageFolder(str(folder), transforms.Compose(transform_steps))
        self._batches = DataLoader(dataset, batch_size, shuffle=True)
        self._model = torchvision.models.mobilenet_v2()
        self._model.classifier[1] = nn.Linear(self._model.last_channel, num_classes)
        self._model = self._model.to(self._device).train()
        self._optimizer = torch.optim.AdamW(self._model.parameters(), lr=1e-4)

    def measure_photos_per_second(self) -> float:
        """Train one epoch and return the photos per CPU second."""
        started, n_photos = time.process_time(), 0
        for photos, classes in self._batches:
            loss = nn.functional.cross_entropy(self._model(photos.to(self._device)), classes.to(self._device))
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            n_photos += len(photos)
            _ = loss.item()
        return n_photos / (time.process_time() - started)
