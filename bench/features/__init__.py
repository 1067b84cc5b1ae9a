"""Compares the speed of a feature task in SQL with that of the same statement in psql."""
