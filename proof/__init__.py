"""Commands that prove promises by figures: `python3 dev.py walk`, `faults` and `load`."""
