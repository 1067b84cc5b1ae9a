"""Which runs may have no rows. A feature task declares it in its task.yaml, a model in its deployment."""

from __future__ import annotations

from enum import StrEnum


class Emptiness(StrEnum):
    """Which runs may have no rows."""

    NEVER = "never"
    """No run."""
    INTERVALS = "intervals"
    """Runs for a data interval, such as a night or a holiday. A run for all times must have rows."""
    ALWAYS = "always"
    """All runs."""

    def allows(self, *, whole: bool) -> bool:
        """Whether a run may have no rows; `whole`: the run is for all times, not for a data interval."""
        return self is Emptiness.ALWAYS or (self is Emptiness.INTERVALS and not whole)

    @staticmethod
    def needed(*, whole: bool) -> str:
        """The setting that would allow a run to have no rows."""
        return "empty: always" if whole else "empty: intervals or always"
