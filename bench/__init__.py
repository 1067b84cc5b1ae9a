"""Benchmarks of ModelOps."""
