"""`python3 dev.py faults`: what was acknowledged is there, once, whatever is broken meanwhile."""
