"""Layers for inference on a CPU."""
