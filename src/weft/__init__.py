"""Weft: visual search and tagging for a fashion catalogue, learned from its own photos and words."""
