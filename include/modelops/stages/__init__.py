"""The stages in the life of a version and its deployments: the parts that all kinds of versions share."""
