"""Kernels of the diffusion head.

- `diffusion_head.py`: all solver steps of a frame; the tiles by number of rows. Read it first.
- `solver_step.py`: between two passes through the layers: guidance, DPM-Solver++, the next input.

Latents, guidance and solver are float64, as in the plain head: every later frame grows from them.
No weight here is ever rounded below bfloat16.
"""
