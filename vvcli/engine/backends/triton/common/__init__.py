"""What several kernels share; no kernel of a single part of the model lives here.

- `card.py`: what tiles depend on in a GPU. `tile.py`: `Tile`, how a product is cut up; `pick`, the
  entry of a table by rows; `fit`, the same within the shared memory of a card.
- `primitives.py`: loads of rows and weights, and the product.
- `row_sums.py`: sums of squares that rows leave behind, so that norms cost no pass of their own.
- `split_k.py`: sums shared by several programs.
- `linear.py`, `swiglu.py`: products with what surrounds them.
- `norm.py`, `residual.py`: passes after a product that cuBLAS makes.
- `fold_norm.py`: a norm's weight moved into the product after it.
"""
