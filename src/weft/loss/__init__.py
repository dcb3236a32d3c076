"""The losses, one per file. Each maps embeddings z, word embeddings W and target words to one number; lower is better."""
