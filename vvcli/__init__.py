"""vvcli: text in, speech out, many streams at once."""

__version__ = "0.1.0"
