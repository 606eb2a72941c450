"""The sample county as the files that a Chinese county's bureaus have."""
