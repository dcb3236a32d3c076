"""Embeddings of photos in a stream, and exact nearest neighbours among embeddings."""
