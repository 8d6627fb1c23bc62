"""Text from anywhere, as records."""
