"""Queries of jobs and of the observer, mostly writes, in the caller's transaction."""
