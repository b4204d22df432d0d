"""What reports write: nothing of the work itself, only who looked at whose figures."""
