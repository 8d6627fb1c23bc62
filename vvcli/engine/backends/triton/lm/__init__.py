"""Kernels of the two language models."""
