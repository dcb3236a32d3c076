"""Text: product texts become tokens, and tokens become the vocabulary. Only this package imports nltk."""
