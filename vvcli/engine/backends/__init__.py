"""What a step can be computed with."""
