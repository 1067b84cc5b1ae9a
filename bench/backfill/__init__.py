"""Checks that a backfill of a year of daily intervals yields the same rows as one run without an interval."""
