"""From judgement to action: gaps in order of need, the study's headlines, and the story of one settlement."""
