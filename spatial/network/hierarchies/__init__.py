"""Times between many places over a customisable contraction hierarchy."""
