"""References of models and feature tasks, as requests give them: `<repository>/<name>`."""

from __future__ import annotations

REFERENCE = "^[^/]+/[^/]+$"
"""A JSON schema's pattern."""
MOST_CHARACTERS = 300
SUGGESTIONS = "x-modelops-suggestions"
"""The key in a Param's JSON schema that says what is suggested where the trigger form is opened: a VersionKind."""
OF_VERSIONS = "x-modelops-of-versions"
"""The key beside it: whether what has a version is meant, also if no repository has it any more."""
