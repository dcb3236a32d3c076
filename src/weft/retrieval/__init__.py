"""Retrieval: photos to embeddings in a stream, and exact nearest neighbours among them."""
