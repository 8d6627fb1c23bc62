"""Many files from many records: plan, names, manifest, resume."""
