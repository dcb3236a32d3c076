"""How the demo's photos are drawn: outlines of garments, cloth, light, and the studio that puts them together.

Outlines are in garment units: x from -50 (left) to 50, y from 0 (top) to 133, the frame of an upright photo.
"""
