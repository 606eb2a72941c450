"""The glue between the study, the store and the pure middle: one short function a stage, in a module of its name."""
