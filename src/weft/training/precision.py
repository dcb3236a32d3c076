"""Mixed precision: the encoder's activations in 16 bits where params.yaml and the device allow it."""

import torch


class MixedPrecision:
    """How the encoder computes on one device.

    Attributes:
        scaler: Keeps the gradients of float16 from vanishing; does nothing for other types.
    """

    def __init__(self, dtype_name: str, device: str) -> None:
        """Settle the type: `auto` is bfloat16 on CUDA where it can, else float32.

        A CPU with avx512_bf16 gained nothing by it when measured; it takes it when told to.
        """
        self._device_type = torch.device(device).type
        if dtype_name == "auto":
            dtype_name = "bfloat16" if self._device_type == "cuda" and torch.cuda.is_bf16_supported() else "float32"
        self._dtype = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}[dtype_name]
        self.scaler = torch.amp.GradScaler(self._device_type, enabled=dtype_name == "float16")

    def autocast(self) -> torch.autocast:
        """Open it around the forward pass of the encoder."""
        return torch.autocast(self._device_type, self._dtype or torch.bfloat16, enabled=self._dtype is not None)
