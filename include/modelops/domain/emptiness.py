"""Which runs may have no row: declared once, in a feature task's task.yaml or in a model's deployment."""

from __future__ import annotations

from enum import StrEnum


class Emptiness(StrEnum):
    """Which runs may give no row."""

    NEVER = "never"
    """None."""
    INTERVALS = "intervals"
    """Those for a data interval: nights and holidays are empty, but all times together aren't."""
    ALWAYS = "always"
    """All."""

    def allows(self, *, whole: bool) -> bool:
        """Whether a run may give no row; `whole` is one that is for no data interval."""
        return self is Emptiness.ALWAYS or (self is Emptiness.INTERVALS and not whole)

    @staticmethod
    def needed(*, whole: bool) -> str:
        """What would allow a run to give no row."""
        return "empty: always" if whole else "empty: intervals or always"
