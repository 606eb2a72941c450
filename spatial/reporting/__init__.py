"""What every page, sheet and layer reads: the summary, explanations, the sign-off, names and words."""
