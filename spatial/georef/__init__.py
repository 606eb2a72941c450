"""Where coordinates lie: datums, Chinese and local grids, and whether they are where they should be."""
