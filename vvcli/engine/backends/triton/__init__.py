"""Triton kernels for bfloat16 on CUDA, each held to the plain module in tests/engine/kernels.

- `build.py`: `triton_backend`, which takes each kernel that fits the model. Read it first.
- `common/`: products, norms and sums that several kernels share.
- `lm/`, `head/`, `acoustic/`: the language models, the diffusion head, the acoustic decoder.
- `compile_ahead.py`: compiles the kernels of a step side by side, few by threads, many by processes
  (`compile_pool.py`, `compile_worker.py`). `offline.py`: without the card.

Names are those of Triton's tutorials: `x_ptr`, `x_row_stride`, `BLOCK_M`, `BLOCK_N`, `BLOCK_K`.
A kernel `f_kernel` says its grid; the function below it, which launches it, says what it computes.
`TRITON_INTERPRET=1 pytest tests/engine/kernels` runs them without a GPU.

Nothing here is imported unless `choose.py` finds a device and a compiler for it. A row's result
never depends on other rows: sums have a fixed order.
"""
