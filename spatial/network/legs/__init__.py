"""What else a way is made of: slopes, ferries, buses, links, combined modes and turns."""
