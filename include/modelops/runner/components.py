"""The components of an installation and their commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelops.runner.configuration import observer_environment
from modelops.runner.supervisor import Component

if TYPE_CHECKING:
    from modelops.runner.installation import Installation

NAMES = ("api-server", "scheduler", "dag-processor", "triggerer", "observer")


def airflow(installation: Installation) -> list[Component]:
    """Airflow's four components. They run without log servers, which listen on all addresses: logs are local files."""
    environment = installation.environment

    def program(name: str, *options: str, order: int = 0, grace: float = 3) -> Component:
        return Component(
            name=name,
            module=("airflow", name, *options),
            environment=environment,
            log=installation.layout.log(name),
            order=order,
            grace=grace,
        )

    return [
        # Started first, because it takes the longest; stopped last, because tasks report to it.
        program("api-server", order=1, grace=2),
        # Running tasks may finish within the grace period.
        program("scheduler", "--skip-serve-logs", grace=5),
        program("dag-processor"),
        program("triggerer", "--skip-serve-logs"),
    ]


def observer(installation: Installation) -> Component:
    """The observer, which copies facts from Airflow into the ledger."""
    return Component(
        name="observer",
        module=("modelops.observer",),
        environment=observer_environment(installation.layout, installation.environment),
        log=installation.layout.log("observer"),
    )
