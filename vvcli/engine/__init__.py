"""Many streams at once: one frame step over a table of slots."""
