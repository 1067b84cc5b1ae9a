"""The stages of a batch of any kind: begin a run, reuse a concurrent result, and publish all rows at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.jobs.deduplication import reuse_concurrent_result
from modelops.registry.translation import translated
from modelops.registry.write import deployments, runs
from modelops.registry.write import statistics as column_statistics

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from psycopg import Connection

    from modelops.domain.deployments import Deployment, Interval
    from modelops.domain.parts import Part
    from modelops.domain.requests import BatchRequest, FeatureBatchRequest
    from modelops.domain.versions import VersionKind
    from modelops.jobs.run import JobRun


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A batch that has begun: a deployment's rows, for all times or a data interval, or one partition of them."""

    deployment: Deployment
    interval: Interval | None
    part: Part | None
    run_id: int

    def reusable_result(self, run: JobRun) -> dict[str, Any] | None:
        """Wait for another job that makes the same rows, and return its result; None: this job has to make them."""
        return reuse_concurrent_result(self.run_id, run)

    def publish(
        self,
        run: JobRun,
        rows: int,
        statistics: Mapping[str, Iterable[Mapping[str, Any]]],
        *,
        set_aside: int | None = None,
        connection: Connection[Any] | None = None,
        **result: Any,
    ) -> dict[str, Any]:
        """Publish the rows and complete the job, within the transaction of `run.fenced`; returns the job's result.

        The rows of a partition are only staged. Readers see all rows of the batch when the transaction commits.

        Args:
            statistics: the records of column statistics, by the role of the columns.
            set_aside: the number of rejected rows; None: rows of this kind can't be rejected.
            connection: the transaction's connection, if it isn't the ledger's.
            result: further fields of the result, from the kind.

        Raises:
            UnknownDeployment: the deployment has ended in the meantime.
            IntervalError: a published interval overlaps with this one and extends beyond it.
        """
        ledger = connection or run.ledger
        with translated():
            for role, records in statistics.items():
                column_statistics.add(ledger, role, records, run_id=self.run_id)
            finish = runs.publish if self.part is None else runs.stage
            finish(ledger, self.run_id, rows=rows, set_aside=set_aside or 0)
        made = {
            "deployment": self.deployment.id,
            self.deployment.kind.parameter: self.deployment.model,
            "version": self.deployment.version,
            "run": self.run_id,
            "interval": self.interval and self.interval.as_record(),
            "rows": rows,
            **({} if set_aside is None else {"set_aside": set_aside}),
            **result,
            "psql": f"./modelops psql -c 'TABLE {self.deployment.target} LIMIT 10'",
        }
        run.complete(made, connection)
        return made


def find_deployment(
    request: BatchRequest | FeatureBatchRequest, run: JobRun, kind: VersionKind
) -> tuple[Deployment, Interval | None]:
    """The deployment and the data interval that a request names.

    Raises:
        UnknownDeployment: no deployment of this kind has that number, or it has ended.
        IntervalError: the interval is invalid or has not ended.
    """
    interval = run.interval(request.interval_start, request.interval_end)
    return deployments.find_active(run.ledger, request.deployment, kind=kind), interval


def begin(
    deployment: Deployment, interval: Interval | None, run: JobRun, *, part: Part | None = None, reads: bool = True
) -> Batch:
    """Begin a batch run, whose rows readers see when it is published.

    Args:
        part: restricts the batch to this partition.
        reads: the job reads the rows itself; False: it publishes rows that other jobs have read.

    Raises:
        PartsError: the deployment's batches have no such partition.
        FenceLost: a newer attempt has the job.
    """
    with run.fenced() as ledger:
        run.name_deployment(deployment)
        run_id = runs.begin(ledger, deployment, run.attempt, interval, part, reads=reads)
    run.step("run_begun", run=run_id, part=part and str(part), interval=interval and str(interval))
    return Batch(deployment=deployment, interval=interval, part=part, run_id=run_id)
