"""Where a repository's packages come from."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RECORD = re.compile(r"# index ([a-z0-9_-]+) (https?://\S+)")


@dataclass(frozen=True, kw_only=True)
class PackageIndex:
    """A package index of one repository. `name` is the repository's; `url` has no credentials, and may be shown."""

    name: str
    url: str

    @property
    def credential_variables(self) -> tuple[str, str]:
        """The names of the environment variables with the user and the password for it."""
        prefix = "UV_INDEX_" + re.sub(r"[^A-Z0-9]", "_", self.name.upper())
        return f"{prefix}_USERNAME", f"{prefix}_PASSWORD"

    @property
    def record(self) -> str:
        """The line that records the index in a list of pinned packages."""
        return f"# index {self.name} {self.url}"

    @classmethod
    def of_record(cls, pinned: str) -> PackageIndex | None:
        """The index that a list of pinned packages records; None if it is that of the installation."""
        for line in pinned.splitlines()[:2]:
            if found := _RECORD.fullmatch(line):
                return cls(name=found[1], url=found[2])
        return None
