"""Kernels of the acoustic decoder."""
