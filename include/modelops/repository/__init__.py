"""Reads a ModelOps repository (a folder or a git repository), checks it, and pins what a job runs."""
