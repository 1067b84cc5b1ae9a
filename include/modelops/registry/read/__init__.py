"""What the web pages show of the ledger and the registry: lists, counts and pages, read only and bounded."""
