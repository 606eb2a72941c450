"""From access to judgement: which norms a study meets, for how many people, and how sure that is."""
