"""References of models and feature tasks, as requests give them: `<repository>/<name>`."""

from __future__ import annotations

REFERENCE = "^[^/]+/[^/]+$"
"""The pattern of a reference in JSON Schema."""
MAX_CHARACTERS = 300
SUGGESTIONS = "x-modelops-suggestions"
"""The key in a Param's JSON schema with the VersionKind of the references that the trigger form suggests."""
OF_VERSIONS = "x-modelops-of-versions"
"""A further key: whether to suggest references that have a version, even if no repository has them any more."""
