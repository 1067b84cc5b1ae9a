"""Rows from a source, through a model, to a sink, in a stream of bounded memory."""
