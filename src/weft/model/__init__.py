"""The model: an image encoder, the word embeddings W, and the model folder that stores both."""
