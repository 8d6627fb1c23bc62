"""Kernels of the two language models, and of what surrounds the TTS LM in a frame.

- `transformer.py`: all layers, five kernels each; the tiles by number of rows. Read it first.
- `qkv.py`, `rotary.py`: queries, keys and values, rotated, keys and values into the cache.
- `attention.py`: over caches whose lengths only the device knows.
- `embed_latent.py`: from a latent to the TTS LM's input.
- `commit.py`: from its hidden states to the next condition, counters and EOS.
- `join_text.py`: text windows as rows of the frame's own pass.

No kernel here reads a cache beyond a row's own length: what lies there may be NaN.
"""
