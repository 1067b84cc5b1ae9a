"""Streams rows from a source through a model to a sink, in bounded memory."""
