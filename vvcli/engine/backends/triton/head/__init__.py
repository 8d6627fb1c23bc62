"""Kernels of the diffusion head."""
