"""Simulates the rule for drift: the rate of findings without drift, and with a known shift."""
