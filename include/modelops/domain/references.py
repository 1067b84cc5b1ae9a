"""References of models and feature tasks, as requests give them: `<repository>/<name>`."""

from __future__ import annotations

REFERENCE = "^[^/]+/[^/]+$"
"""The pattern of a reference in JSON Schema."""
MAX_CHARACTERS = 300
SUGGESTIONS = "x-modelops-suggestions"
"""The key in a Param's JSON schema with what the trigger form suggests: a VersionKind, or one of the lists below."""
IMPORTED_MODELS, MODEL_FILES = "imported_model", "model_file"
"""The lists of imported models' folders, and of the files in the inbox."""
OF_VERSIONS = "x-modelops-of-versions"
"""A further key: whether to suggest references that have a version, even if no repository has them any more."""
