"""Starts, monitors and stops the processes of an installation on one machine."""
