"""Counts of what the walk has tried and found, which `proof.walk` adds up."""

from collections import Counter

# "requests", "leaks", "foreign_changes", "server_errors"; of this process, since it began.
TALLY: Counter[str] = Counter()
