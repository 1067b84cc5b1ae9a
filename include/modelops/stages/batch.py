"""A batch of any kind: begun under a run of its own, made by its kind, and published whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.jobs.deduplication import reuse_concurrent_result
from modelops.registry.translation import translated
from modelops.registry.write import deployments, runs

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
    """A batch that has begun: the rows of a deployment, of all times or for a data interval, or a part of them."""

    deployment: Deployment
    interval: Interval | None
    part: Part | None
    run_id: int

    def reusable_result(self, run: JobRun) -> dict[str, Any] | None:
        """Wait for another job that makes the same rows, and return its result; None: this job is to make them."""
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

        The rows of a part are only staged. Readers see all of a batch from the end of the transaction on, or nothing.

        Args:
            statistics: the role of columns → the records of their statistics.
            set_aside: how many rows couldn't be scored; None: rows of this kind aren't scored.
            connection: that of the transaction, if it isn't the ledger's.
            result: what the kind adds to the result.

        Raises:
            UnknownDeployment: the deployment has ended meanwhile.
            IntervalError: what is published covers a part of the interval and more.
        """
        ledger = connection or run.ledger
        with translated():
            for role, records in statistics.items():
                runs.add_statistics(ledger, role, records, run_id=self.run_id)
            make_known = runs.publish if self.part is None else runs.stage
            make_known(ledger, self.run_id, rows=rows, set_aside=set_aside or 0)
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
        UnknownDeployment: there is none of this kind, or it has ended.
        IntervalError: it is no interval, or isn't over.
    """
    interval = run.interval(request.interval_start, request.interval_end)
    return deployments.find_active(run.ledger, request.deployment, kind=kind), interval


def begin(
    deployment: Deployment, interval: Interval | None, run: JobRun, *, part: Part | None = None, reads: bool = True
) -> Batch:
    """Begin a run, seen by nobody until it is published.

    Args:
        part: only the rows of this part.
        reads: whether the job reads the rows itself, and not what others have read.

    Raises:
        PartsError: there is no such part.
        FenceLost: a newer attempt has the job.
    """
    with run.fenced() as ledger:
        run.name_deployment(deployment)
        run_id = runs.begin(ledger, deployment, run.attempt, interval, part, reads=reads)
    run.step("run_begun", run=run_id, part=part and str(part), interval=interval and str(interval))
    return Batch(deployment=deployment, interval=interval, part=part, run_id=run_id)
