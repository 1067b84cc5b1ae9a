"""Benchmarks of ModelOps, compared with what one would use instead."""
