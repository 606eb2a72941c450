"""Land cover, slope, roads and barriers become friction, and friction becomes travel times off the roads."""
