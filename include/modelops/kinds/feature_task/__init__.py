"""Feature-engineering tasks: SQL or Python that makes the rows of a feature table."""
