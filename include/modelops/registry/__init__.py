"""The registry of versions and the ledger of jobs; the only package that knows the tables."""
