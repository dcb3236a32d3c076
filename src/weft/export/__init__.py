"""The model and its embeddings in the formats of other tools: ONNX, Hugging Face's model card, Parquet, npy, CSV."""
