"""What a step can be computed with.

- `backend.py`: `Backend`, the operations of a step as one value. Read it first.
- `plain.py`: the model's own modules. Any device, any dtype; the reference for the others.
- `cpu/`: the same with layers that make fewer passes and calls.
- `triton/`: kernels for bfloat16 on CUDA.
- `choose.py`: which of them a model gets. `compare.py`, `compare_parts.py`: operations against the
  plain ones. `first_start.py`: once on each GPU the kernels were not measured on; `driver.py`.

To add one: write a function from a model to a `Backend`, usually `replace(plain_backend(model),
...)` with the operations that differ; name it in `choose.py`; compare each operation with the
plain one in a test.

A back-end never changes the model it is made of, and writes to nothing but the slot state.
"""
