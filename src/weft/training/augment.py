"""Augmentation of a whole batch at once, on whatever device it lies."""

import torch


def augment(photos: torch.Tensor, flip: bool, shift: int, generator: torch.Generator) -> torch.Tensor:
    """Mirror half of the photos and move each by up to `shift` pixels; uncovered borders repeat the edge.

    Args:
        photos: uint8 (batch, 3, height, width).
        flip: Whether to mirror at all.
        shift: Pixels, both ways, both axes; 0 for none.
        generator: Of the CPU: the draws are the same on every device.

    Returns:
        A tensor like `photos`.
    """
    batch, _, height, width = photos.shape
    if not flip and not shift:
        return photos
    down, right = torch.randint(-shift, shift + 1, (2, batch, 1), generator=generator)
    rows = (torch.arange(height) + down).clamp(0, height - 1)
    columns = (torch.arange(width) + right).clamp(0, width - 1)
    if flip:
        mirrored = torch.rand(batch, 1, generator=generator) < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)
    rows, columns = rows.to(photos.device), columns.to(photos.device)
    places = torch.arange(batch, device=photos.device)[:, None, None]
    return photos.permute(0, 2, 3, 1)[places, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
