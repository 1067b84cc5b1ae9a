"""Measures the rule for drift by simulation: how often it finds drift where there is none, and where there is some."""
