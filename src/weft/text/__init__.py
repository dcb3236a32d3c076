"""Text: what a shop writes becomes tokens, tokens become the vocabulary; the only room that imports nltk."""
