"""Measures the memory of a batch in partitions, and checks that each row is published once."""
