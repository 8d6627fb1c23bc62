"""Kernels of the acoustic decoder: latents to samples, one position a call.

- `decoder.py`: the stages in order. Read it first.
- `convolutions.py`: contexts (`ConvState`), and the convolutions before and after the blocks.
  `window.py`, `output_conv.py`: their kernels.
- `blocks.py`: a block as one kernel (narrow) or three (wide). `narrow_block.py`, `mixer.py`,
  `row_mixer.py`, `feed_forward.py`, `gelu.py`: their kernels.
- `tiles.py`: tiles by channels and rows, measured on an H200.

Rows are the positions of all streams, one after the other. The contexts of a stream that is not
active keep every bit.
"""
