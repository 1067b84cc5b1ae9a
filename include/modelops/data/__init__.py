"""Rows and files on their way in and out: datasets as Arrow files, artifacts under their own hashes."""
