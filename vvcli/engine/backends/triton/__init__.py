"""Triton kernels for CUDA, as drop-in replacements of the model's modules.

Nothing here is imported unless `fuse` finds a device and a compiler for it; the plain torch modules
are both the fallback and what the kernels are tested against.
"""
