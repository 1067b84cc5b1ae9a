"""The programs that make up an installation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelops.runner.configuration import observer_environment
from modelops.runner.supervisor import Component

if TYPE_CHECKING:
    from modelops.runner.installation import Installation

NAMES = ("api-server", "scheduler", "dag-processor", "triggerer", "observer")


def airflow(installation: Installation) -> list[Component]:
    """Airflow's four programs; without their log servers, which listen on every address: the logs are files here."""
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
        # First, as it takes the longest; stopped last, as tasks report to it. It has nothing to put away.
        program("api-server", order=1, grace=2),
        # Tasks that run may finish while it ends.
        program("scheduler", "--skip-serve-logs", grace=5),
        program("dag-processor"),
        program("triggerer", "--skip-serve-logs"),
    ]


def observer(installation: Installation) -> Component:
    """The process that brings what Airflow alone knows into the ledger."""
    return Component(
        name="observer",
        module=("modelops.observer",),
        environment=observer_environment(installation.layout, installation.environment),
        log=installation.layout.log("observer"),
    )
