"""Places joined to points on edges, and the barriers that no walk may cross."""
