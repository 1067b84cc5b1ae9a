"""Starts, watches and stops everything that an installation on one machine consists of."""
