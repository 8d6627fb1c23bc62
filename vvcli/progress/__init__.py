"""What a person sees while it works, on standard error."""
