"""The model: a backbone without its classifier, word embeddings W beside it, and the bundle both are kept in."""
