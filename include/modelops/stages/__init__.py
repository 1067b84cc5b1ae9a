"""The stages in the life of a version and its deployments, as all kinds of versions have them in common."""
