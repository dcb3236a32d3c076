"""The number format in which the encoder computes: float32, bfloat16 or float16."""

import torch


class MixedPrecision:
    """The number format of the encoder's activations on one device.

    Attributes:
        scaler: Scales the loss so that gradients in float16 do not underflow; it does nothing for other types.
    """

    def __init__(self, dtype_name: str, device: str) -> None:
        """Choose the type and build the scaler.

        Args:
            dtype_name: "float32", "bfloat16", "float16" or "auto". "auto" is bfloat16 on a CUDA device that supports
                it, and float32 elsewhere: on a CPU with avx512_bf16, bfloat16 was measured to be no faster.
            device: The torch device of the model.
        """
        self._device_type = torch.device(device).type
        if dtype_name == "auto":
            dtype_name = "bfloat16" if self._device_type == "cuda" and torch.cuda.is_bf16_supported() else "float32"
        self._dtype = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}[dtype_name]
        self.scaler = torch.amp.GradScaler(self._device_type, enabled=dtype_name == "float16")

    def autocast(self) -> torch.autocast:
        """Return the context manager for the forward pass of the encoder."""
        return torch.autocast(self._device_type, self._dtype or torch.bfloat16, enabled=self._dtype is not None)
