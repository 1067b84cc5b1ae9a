"""Checks a request for a model before a version is created or code runs.

Training, deployment and `./modelops check` share these checks, so that a request that the deployment would refuse fails
before the training. All errors are reported at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from modelops.data.checks import check_dataset
from modelops.data.labels import check_truth
from modelops.data.model_files import check_address
from modelops.data.query import INTERVAL_END, INTERVAL_START, reads_interval
from modelops.data.target import check_target, columns_for
from modelops.domain.emptiness import Emptiness
from modelops.domain.errors import DatasetError, LabelsError, PartsError, RepositoryError, TargetError
from modelops.domain.findings import Findings
from modelops.domain.labels import LONGEST_MATURITY, TRUTH, Truth
from modelops.domain.parts import check_parts
from modelops.domain.spelling import did_you_mean
from modelops.domain.targets import Target
from modelops.domain.versions import VersionKind
from modelops.kinds.model.imported import settings_of
from modelops.kinds.model.performance import check_outputs
from modelops.registry.write import deployments
from modelops.repository.definition import CONFIG
from modelops.stages.checks import check_approvers, check_owner
from modelops.stages.schedule import plan_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection

    from modelops.data.checks import DatasetColumns
    from modelops.data.query import Column, IntervalBounds
    from modelops.domain.datasets import Dataset, Datasets
    from modelops.domain.import_requests import ModelImportRequest
    from modelops.domain.requests import DeploymentTerms, TrainingRequest
    from modelops.jobs.run import JobRun
    from modelops.repository.definition import ModelDefinition

TARGET = "the parameter target"


@dataclass(frozen=True, kw_only=True)
class CheckedTerms:
    """Deployment terms after the check: the target, the dataset that is scored, and the columns of its entity key.

    `truth` and `maturity` are None if the deployment has no labels.
    """

    target: Target
    dataset: Dataset
    key: Sequence[Column]
    truth: Truth | None
    maturity: timedelta | None


def check_training(definition: ModelDefinition, request: TrainingRequest, run: JobRun) -> None:
    """Check the request for a training, and those for the evaluation, the approval and the deployment after it.

    Raises:
        BadInput: the request or the model is invalid; SeveralErrors if there are several errors.
        Unavailable: the database can't be reached.
    """
    findings = Findings()
    named = (definition.reference, definition.datasets)
    with findings.collecting():
        check_hyperparameters(definition, request.hyperparameters)
    with findings.collecting():
        definition.resources.check(run.resources.settings.ceilings, where=f"{definition.reference}/{CONFIG}")
    with findings.collecting():
        check_approvers(definition.reference, definition.approvers, run.attempt.requested_by)
    training_types = None
    with findings.collecting():
        training_types = check_labelled(*named, request.dataset, run.resources.rows_url).types
    if request.evaluate_dataset is not None:
        with findings.collecting():
            check_labelled(
                *named,
                request.evaluate_dataset,
                run.resources.rows_url,
                training_types=training_types,
                slice_by=definition.slice_by,
            )
    if request.deployment is not None:
        with findings.collecting():
            check_deployment(definition, request.deployment, run, training_types=training_types, ahead=True)
    findings.raise_if_any()


def check_import(definition: ModelDefinition, request: ModelImportRequest, run: JobRun) -> Mapping[str, str]:
    """Check the request for an import, and those for the stages after it; returns the Arrow types of the columns.

    Raises:
        BadInput: the request or the folder is invalid; SeveralErrors if there are several errors.
        Unavailable: the database can't be reached.
    """
    findings, named = Findings(), (definition.reference, definition.datasets)
    types: Mapping[str, str] = {}
    with findings.collecting():
        settings_of(request, definition)
    with findings.collecting():
        check_address(request.file, run.resources.settings.installation.model_sources)
    with findings.collecting():
        definition.resources.check(run.resources.settings.ceilings, where=f"{definition.reference}/{CONFIG}")
    with findings.collecting():
        check_approvers(definition.reference, definition.approvers, run.attempt.requested_by)
    with findings.collecting():
        types = check_labelled(*named, request.dataset, run.resources.rows_url).types
    known = types or None
    if request.evaluate_dataset is not None:
        with findings.collecting():
            url, sliced = run.resources.rows_url, definition.slice_by
            check_labelled(*named, request.evaluate_dataset, url, training_types=known, slice_by=sliced)
    if request.deployment is not None:
        with findings.collecting():
            check_deployment(definition, request.deployment, run, training_types=known, ahead=True)
    findings.raise_if_any()
    return types


def check_deployment(
    definition: ModelDefinition,
    terms: DeploymentTerms,
    run: JobRun,
    *,
    training_types: Mapping[str, str] | None,
    outputs: Mapping[str, str] | None = None,
    ahead: bool = False,
) -> CheckedTerms | None:
    """Check the terms of a deployment; returns None if the model has no ModelScorer.

    `training_types` has the columns of the training with their Arrow types, `outputs` those of the predictions; None:
    not known yet. `ahead`: this is a check before the training.

    Raises:
        BadInput: a number, the target, the schedule or the dataset is invalid; SeveralErrors if several are.
        Unavailable: the database can't be reached.
    """
    findings = Findings()
    with findings.collecting():
        check_parts(terms.parts)
    with findings.collecting():
        _check_budget(terms.set_aside_budget)
    with findings.collecting():
        _check_emptiness(terms.empty)
    with findings.collecting():
        _check_maturity(terms.maturity_days)
    target = dataset = found = truth = None
    with findings.collecting():
        target = target_of(definition.reference, terms.target)
        check_own_target(run.ledger, target, definition.reference)
    with findings.collecting():
        plan_for(str(target), terms, run, ahead=ahead)
    if definition.has_scorer or outputs is not None:
        with findings.collecting():
            dataset = definition.datasets.choose(terms.dataset, where=f"{definition.reference}/datasets.yaml")
            found = check_scored(definition.reference, dataset, run.resources.rows_url, training_types=training_types)
        with findings.collecting():
            labels = _labels_of(definition, terms)
            if labels is not None:
                named = (definition.reference, definition.datasets, labels)
                scored = None if found is None else found.key
                truth = check_labels(
                    *named,
                    run.resources.rows_url,
                    key=scored,
                    training_types=training_types,
                    outputs=outputs,
                    by_interval=dataset is not None and reads_interval(dataset.sql),
                )
        if target is not None and found is not None:
            with findings.collecting():
                key, predictions = columns_for(found.key, outputs or {})
                known = None if outputs is None else predictions
                check_target(run.ledger, target, key=key, outputs=known)
    else:
        run.log(
            f"{definition.reference} has no ModelScorer, so none of its versions can be deployed unless train() returns"
            " the fitted estimator"
        )
    findings.raise_if_any()
    if target is None or dataset is None or found is None:
        return None
    days = terms.maturity_days
    maturity = definition.datasets.labels.maturity if days is None else timedelta(days=days)
    return CheckedTerms(
        target=target, dataset=dataset, key=found.key, truth=truth, maturity=None if truth is None else maturity
    )


def check_labelled(
    reference: str,
    datasets: Datasets,
    name_or_sql: str,
    url: str,
    *,
    training_types: Mapping[str, str] | None = None,
    slice_by: Sequence[str] = (),
) -> DatasetColumns:
    """Check a dataset that a model is trained or evaluated on; reads no row.

    Args:
        slice_by: further columns that it must have, for the metrics of an evaluation by their values.

    Raises:
        DatasetError: no dataset has that name, PostgreSQL rejects its SQL, or it lacks columns of the model.
        Unavailable: the database can't be reached.
    """
    dataset = datasets.choose(name_or_sql, where=f"{reference}/datasets.yaml")
    where = place_of(reference, dataset)
    found = check_dataset(url, dataset, where=where, labelled=True, training_types=training_types)
    for name in slice_by:
        if name not in found.types or found.types[name].startswith("list"):
            problem = "is an array" if name in found.types else f"is unknown{did_you_mean(name, list(found.types))}"
            raise DatasetError(
                f"the column {name} in slice_by {problem}",
                where=where,
                expected=f"columns of the dataset that have few different values; it has {', '.join(found.types)}",
            )
    return found


def check_scored(
    reference: str, dataset: Dataset, url: str, *, training_types: Mapping[str, str] | None = None
) -> DatasetColumns:
    """Check a dataset that is scored, whose SQL may read a data interval; reads no row.

    Raises:
        DatasetError: PostgreSQL rejects its SQL, or it lacks the entity key or features.
        Unavailable: the database can't be reached.
    """
    where = place_of(reference, dataset)
    return check_dataset(
        url, dataset, where=where, labelled=False, training_types=training_types, interval=_any_interval()
    )


def check_labels(
    reference: str,
    datasets: Datasets,
    name_or_sql: str,
    url: str,
    *,
    key: Sequence[Column] | None,
    training_types: Mapping[str, str] | None = None,
    outputs: Mapping[str, str] | None = None,
    by_interval: bool = True,
) -> Truth:
    """Check a dataset that has the labels of predictions; reads no row.

    Args:
        key: the columns of the entity key in the scored dataset; None: not known.
        training_types, outputs: as for `check_deployment`.
        by_interval: the batches are for data intervals, which the SQL can read.

    Raises:
        DatasetError: PostgreSQL rejects the SQL of the dataset, or it lacks the entity key or targets.
        LabelsError: the labels don't fit the predictions.
        Unavailable: the database can't be reached.
    """
    dataset = replace(datasets.choose(name_or_sql, where=f"{reference}/datasets.yaml"), feature_names=())
    where = place_of(reference, dataset)
    if not dataset.target_names:
        raise LabelsError(
            f"{reference} has no targets, so its predictions have no labels",
            where="the parameter truth",
            expected="a model with targets; or no labels",
        )
    if reads_interval(dataset.sql) and not by_interval:
        raise LabelsError(
            "the SQL of the labels reads the data interval, but that of the predictions doesn't",
            where=where,
            expected=f"labels of all times, without {INTERVAL_START} and {INTERVAL_END}",
        )
    types = {} if key is None else {column.name: column.sql_type for column in key}
    labels = check_truth(url, dataset, key=types, training_types=training_types, where=where, interval=_any_interval())
    truth = Truth(name=dataset.name, sql=dataset.sql, targets=dataset.target_names, type=datasets.labels.type)
    if outputs is not None:
        check_outputs(truth, outputs, labels, where=where)
    return truth


def _labels_of(definition: ModelDefinition, terms: DeploymentTerms) -> str | None:
    """The name or the SQL of the dataset that has a deployment's labels; None: there is none.

    Raises:
        LabelsError: there is no such dataset, although the request has maturity_days.
    """
    if not terms.measure_performance:
        return None
    declared = TRUTH if TRUTH in definition.datasets.sql and definition.datasets.targets else None
    found = terms.truth or declared
    if found is None and terms.maturity_days is not None:
        raise LabelsError(
            f"maturity_days is given, and {definition.reference} has no dataset for labels",
            where="the parameter maturity_days",
            expected=f"a dataset {TRUTH} in datasets.yaml, or the parameter truth; or no maturity_days",
        )
    return found


def place_of(reference: str, dataset: Dataset) -> str:
    """The place that errors about a dataset of a model name."""
    return f"{reference}, dataset {dataset.label}"


def _any_interval() -> IntervalBounds:
    """An arbitrary interval, for SQL that is only checked."""
    now = datetime.now(UTC)
    return now - timedelta(days=1), now


def check_hyperparameters(definition: ModelDefinition, given: Mapping[str, Any]) -> None:
    """Check that the model declares all hyperparameters: for a misspelt one, the default would be used silently.

    Raises:
        RepositoryError: config.json does not declare one of them.
    """
    declared = list(definition.hyperparameters)
    unknown = [name for name in given if name not in declared]
    if not unknown:
        return
    close = get_close_matches(unknown[0], declared, n=1)
    raise RepositoryError(
        f"{definition.reference} has no hyperparameter {', '.join(map(repr, unknown))}"
        + (f" (did you mean {close[0]}?)" if close else ""),
        where="the parameter hyperparameters",
        expected=(f"one of {', '.join(declared)}" if declared else "no hyperparameters")
        + f"; or the new one with its default in {definition.reference}/config.json",
    )


def target_of(reference: str, text: str | None) -> Target:
    """Parse the target of a request. The default is the model's name, with `_` for each character but ASCII letters and
    digits.

    Raises:
        TargetError: the name is not valid for a target.
    """
    name = reference.rpartition("/")[2].lower()
    own = "".join(character if character.isascii() and character.isalnum() else "_" for character in name)
    return Target.parse(text or own, where=TARGET)


def check_own_target(connection: Connection[Any], target: Target, name: str) -> None:
    """Check that the target belongs to no other model or feature task, and is not another model's default target.

    Raises:
        TargetError: the target is that of another one.
    """
    check_owner(connection, target, VersionKind.MODEL, name, where=TARGET)
    other = deployments.other_owner_by_name(connection, str(target), name)
    if other is not None:
        raise TargetError(
            f"{target} is the default target of {other}",
            where=TARGET,
            expected="another target, or none for the model's default target",
        )


def _check_emptiness(text: str) -> None:
    if text not in list(Emptiness):
        raise DatasetError(f"empty is {text!r}", where="the parameter empty", expected=f"one of {', '.join(Emptiness)}")


def _check_maturity(days: float | None) -> None:
    if days is not None and not 0 <= days <= LONGEST_MATURITY.days:
        raise LabelsError(
            f"labels can't be complete after {days} days",
            where="the parameter maturity_days",
            expected=f"0 to {LONGEST_MATURITY.days:,}",
        )


def _check_budget(rows: int) -> None:
    if rows < 0:
        raise PartsError(
            f"the maximum of rejected rows is {rows:,}", where="the parameter set_aside_budget", expected="0 or more"
        )
