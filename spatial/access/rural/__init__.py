"""The last mile, the Rural Access Index and what the wet season takes."""
