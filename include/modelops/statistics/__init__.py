"""Computes column statistics in one pass over Arrow batches, in bounded memory; workers' statistics can be merged."""
