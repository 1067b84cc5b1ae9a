"""Publishes the partitions (parts) of a batch at once, when all of them are staged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain.errors import PartsError, ScoringError
from modelops.domain.versions import VersionKind
from modelops.kinds.model.batch import check_not_empty
from modelops.registry.write import runs
from modelops.registry.write import statistics as column_statistics
from modelops.stages.batch import begin, find_deployment
from modelops.statistics.streaming import from_record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelops.domain.deployments import Deployment
    from modelops.domain.requests import BatchRequest
    from modelops.jobs.run import JobRun
    from modelops.statistics.columns import ColumnStatistics

ROLES = ("feature", "prediction")


def publish_parts(request: BatchRequest, run: JobRun) -> dict[str, Any]:
    """Publish the partitions that the jobs of this DAG run have staged, as one run.

    The rows, their merged statistics, the publication and the job's completion are one transaction.

    Raises:
        UnknownDeployment: the deployment does not exist or has ended.
        IntervalError: the interval is invalid, or overlaps with published rows.
        PartsError: a partition is not staged, or has been published before.
        ScoringError: more rows were rejected than the budget allows.
        FenceLost: a newer attempt has the job.
    """
    deployment, interval = find_deployment(request, run, VersionKind.MODEL)
    batch = begin(deployment, interval, run, reads=False)
    if request.set_aside_budget is None and (same := batch.reusable_result(run)):
        return same
    budget = deployment.set_aside_budget if request.set_aside_budget is None else request.set_aside_budget
    with run.fenced():
        parts = runs.parts_of(run.ledger, batch.run_id, run.attempt.key.dag_id, run.attempt.key.run_id)
        _check(parts, deployment)
        rows, set_aside = (sum(part[what] for part in parts) for what in ("rows", "set_aside"))
        _check_set_aside(deployment, set_aside, budget)
        check_not_empty(deployment, interval, rows + set_aside, where=deployment.model)
        runs.take_parts(run.ledger, batch.run_id, [part["id"] for part in parts])
        result = batch.publish(
            run,
            rows,
            _merged_statistics(parts, run),
            set_aside=set_aside,
            parts=len(parts),
            view=deployment.target,
        )
    run.log(
        f"Published {rows:,} rows of {len(parts)} parts in {deployment.target}. Read them with:\n  {result['psql']}"
    )
    return result


def _check(parts: Sequence[Mapping[str, Any]], deployment: Deployment) -> None:
    """Check that every partition is staged, and that none has been published before."""
    missing = sorted(set(range(deployment.parts)) - {part["part"] for part in parts})
    if missing:
        raise PartsError(
            f"of {deployment.parts} parts, these have no staged rows: {', '.join(str(one + 1) for one in missing)}",
            where="the upstream tasks",
            expected="completed parts; clear those that were marked as success or returned another job's result",
        )
    taken = [part for part in parts if part["whole_id"] is not None]
    if taken:
        raise PartsError(
            f"part {taken[0]['part'] + 1} was published before, with run {taken[0]['whole_id']}",
            where="the upstream tasks",
            expected="clear all parts, so that the whole batch is scored again",
        )


def _check_set_aside(deployment: Deployment, set_aside: int, budget: int) -> None:
    if set_aside > budget:
        raise ScoringError(
            f"{set_aside:,} rows of all parts are rejected",
            where=f"{deployment.model} v{deployment.version}",
            expected=f"at most {budget:,}: correct the rows, or raise set_aside_budget",
        )


def _merged_statistics(parts: Sequence[Mapping[str, Any]], run: JobRun) -> dict[str, list[dict[str, Any]]]:
    """Merge the statistics of all partitions, by role. Memory holds those of one partition and the merged ones.

    A column whose partitions were counted in different bins is left out: the version's statistics were recomputed in
    the meantime, or a partition had no values for bins. The batch is published without statistics of such a column.
    """
    merged: dict[tuple[str, str], ColumnStatistics | None] = {}
    for part in parts:
        for record in column_statistics.of_run(run.ledger, part["id"]):
            column, counted = (record["role"], record["variable"]), from_record(record)
            before = merged.setdefault(column, counted)
            if before is None or before is counted:
                continue
            try:
                before.merge(counted)
            except ValueError as error:
                run.log(f"The batch has no statistics of the {column[0]} {column[1]}: {error}")
                merged[column] = None
    found: dict[str, list[dict[str, Any]]] = {role: [] for role in ROLES}
    for (role, variable), sum_ in merged.items():
        if sum_ is not None:
            found[role].append({"variable": variable, "kind": sum_.kind, "values": sum_.as_values()})
    return found
