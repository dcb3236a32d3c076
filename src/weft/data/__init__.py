"""Data for training: photos mapped from disk, bags of words in arrays, and the samplers that draw from both."""
