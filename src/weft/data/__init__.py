"""The training data: photos in a memory-mapped file, bags of words, and the sampler that draws batches of both."""
