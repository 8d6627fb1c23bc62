"""Faster layers for inference on a CPU, in float32 and bfloat16.

- `build.py`: `cpu_backend`, and the copy of a model's tree that has the faster layers.
- `layers.py`: linear layers with weights packed for reading, in float16 where that is exact; norm
  and feed-forward layers in fewer operators.
- `transformer.py`, `head.py`, `decoder.py`: the parts of a model made of them.

Layers here have no gradients, never round more than float32 does, and leave float64 alone: its
results are what others are compared with.
"""
