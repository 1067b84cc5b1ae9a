"""Compares the speed of batch prediction with COPY, with a pandas script, and with a library's prediction in memory."""
