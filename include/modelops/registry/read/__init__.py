"""Read-only queries for web pages: lists and counts of the ledger and the registry, with bounds."""
