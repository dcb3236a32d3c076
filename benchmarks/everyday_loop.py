"""The training loop most people would write: a folder of photos, Pillow, float32, torch's defaults."""

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


class BaselineTrainingLoop:
    """One classifier over a folder for each class, as torchvision's own examples train it.

    The same network, optimiser and number of outputs as ours, all of it trained. Photos are decoded in this process, so
    that CPU time counts them: no process more would make them cheaper.
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
        """Photos per CPU second of one epoch."""
        started, n_photos = time.process_time(), 0
        for photos, classes in self._batches:
            loss = nn.functional.cross_entropy(self._model(photos.to(self._device)), classes.to(self._device))
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            n_photos += len(photos)
            _ = loss.item()
        return n_photos / (time.process_time() - started)
