"""Writes of jobs and of the observer, and the reads that these need, in the caller's transactions."""
