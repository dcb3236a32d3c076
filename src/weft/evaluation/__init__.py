"""Evaluation: arrays in, numbers out. Never imports torch; the nearest-neighbour search is handed in."""
