"""Samples to bytes to descriptors, in order."""
