"""Arrival delay: what is run to train, evaluate and score the model."""
