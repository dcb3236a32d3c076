"""Losses, one a file: embeddings and words in, one number out. Lower is better."""
