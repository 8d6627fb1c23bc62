"""From records to ordered audio."""
