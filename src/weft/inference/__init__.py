"""Trained models ready to embed photos: with PyTorch from a model folder, or with ONNX Runtime from an exported one."""
