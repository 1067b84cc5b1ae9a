"""The use cases of feature-engineering tasks: one verb per module, as in `lifecycle`."""
