"""`python3 dev.py faults`: what was acknowledged is there, once, whatever is broken meanwhile."""

# Names the file that says how far the clock of a web has leapt, in seconds.
CLOCK = "SEVEN_FAULTS_CLOCK"
