"""Reads datasets as Arrow batches and files, writes rows to targets, and stores artifacts under their hashes."""
