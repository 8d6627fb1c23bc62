"""Weights, voices and tokenizers from files into the model, safely."""
