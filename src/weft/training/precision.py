"""Mixed precision: the encoder's activations in 16 bits where params.yaml and the device allow it."""

import torch


class Precision:
    """How the encoder computes on one device.

    Attributes:
        scaler: Keeps the gradients of float16 from vanishing; does nothing for other types.
    """

    def __init__(self, name: str, device: str) -> None:
        """Settle the type: `auto` is bfloat16 on CUDA where it can, else float32.

        A CPU with avx512_bf16 gained nothing by it when measured; it takes it when told to.
        """
        self._kind = torch.device(device).type
        if name == "auto":
            name = "bfloat16" if self._kind == "cuda" and torch.cuda.is_bf16_supported() else "float32"
        self._type = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}[name]
        self.scaler = torch.amp.GradScaler(self._kind, enabled=name == "float16")

    def autocast(self) -> torch.autocast:
        """Open it around the forward pass of the encoder."""
        return torch.autocast(self._kind, self._type or torch.bfloat16, enabled=self._type is not None)
