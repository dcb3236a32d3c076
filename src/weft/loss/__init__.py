"""The losses, one per file. Each maps embeddings z, word embeddings W and target words to a number; lower is better."""
