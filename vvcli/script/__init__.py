"""Text from its sources to records the engine can speak."""
