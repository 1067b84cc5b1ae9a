"""The Params that DAGs share: Airflow's trigger form and REST API check them before anything starts."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param

from modelops.domain import bounds
from modelops.domain.emptiness import Emptiness
from modelops.domain.parts import MOST
from modelops.domain.references import MOST_CHARACTERS, OF_VERSIONS, REFERENCE, SUGGESTIONS
from modelops.domain.schedules import EXAMPLES, EXPECTED
from modelops.domain.versions import VersionKind


def model_param(*, of_versions: bool = False) -> Param:
    """A model: one that a repository has; `of_versions`, one that has a version, which may have left its repository."""
    return _reference(VersionKind.MODEL, of_versions=of_versions)


def task_param() -> Param:
    """A feature task that a repository has."""
    return _reference(VersionKind.FEATURE_TASK)


def _reference(kind: VersionKind, *, of_versions: bool = False) -> Param:
    """Which ones there are is no part of a DAG: suggestions are added when the trigger form is opened."""
    which = "that has a version" if of_versions else "in a repository that repositories.yaml lists"
    suggestions: dict[str, Any] = {SUGGESTIONS: str(kind), OF_VERSIONS: of_versions}
    return Param(
        type="string",
        pattern=REFERENCE,
        maxLength=MOST_CHARACTERS,
        title=kind.words.capitalize(),
        description=f"<repository>/<{kind.words}>: a {kind.words} {which}.",
        **suggestions,
    )


def _at_most(characters: int) -> dict[str, Any]:
    """Of a text that goes to the registry."""
    return {"maxLength": characters, "pattern": bounds.STORABLE}


def dataset_param(default: str, purpose: str) -> Param:
    """A dataset's name, or SQL."""
    return Param(
        default,
        type="string",
        minLength=1,
        **_at_most(bounds.TEXT),
        title=f"Dataset for {purpose}",
        description="A dataset of the model's datasets.yaml, or a SELECT statement with the same columns.",
    )


def hyperparameters_param() -> Param:
    """What goes on top of config.json."""
    return Param(
        {},
        type="object",
        **bounds.schema(),
        title="Hyperparameters",
        description='These take the place of the model\'s own in config.json, for example {"max_iter": 300}.',
    )


def version_param(newest: str = "the newest that is neither rejected nor retired") -> Param:
    """An existing version; `newest` says which one is meant where none is given."""
    return Param(
        None,
        type=["null", "integer"],
        minimum=1,
        title="Version",
        description=f"Number of the model's version; empty: {newest}.",
    )


def target_param() -> Param:
    """Where predictions go."""
    return Param(
        None,
        type=["null", "string"],
        minLength=1,
        **_at_most(bounds.NAME),
        title="Target",
        description="The view of the predictions: schema.name, or a name in the schema predictions."
        " Empty: the model's own name.",
    )


def parts_param() -> Param:
    """Into how many parts a batch is cut."""
    return Param(
        1,
        type="integer",
        minimum=1,
        maximum=MOST,
        title="Parts of a batch",
        description="Number of parts of a batch, by entity key. Free workers score them in parallel; they are published"
        " together.",
    )


def set_aside_budget_param() -> Param:
    """How many rows may fail."""
    return Param(
        0,
        type="integer",
        minimum=0,
        maximum=100_000,
        title="Rows that may be set aside",
        description="Maximum number of rows of a batch that may be left out because they can't be scored. A batch with"
        " more fails.",
    )


def empty_param() -> Param:
    """Which batches may have no row."""
    return Param(
        Emptiness.INTERVALS.value,
        type="string",
        enum=[each.value for each in Emptiness],
        title="Batches without rows",
        description="Which batches may have no row: never, intervals (those for a data interval, such as a night), or"
        " always. Any other batch without a row fails.",
    )


def schedule_param(otherwise: str = "as it was before, else manual") -> Param:
    """When batches run."""
    return Param(
        None,
        type=["null", "string"],
        minLength=1,
        examples=list(EXAMPLES),
        **_at_most(bounds.NAME),
        title="Schedule",
        description=f"When batches run: {EXPECTED}. Empty: {otherwise}.",
    )


def time_zone_param(otherwise: str = "as it was before, else UTC") -> Param:
    """Where cron's fields are meant."""
    return Param(
        None,
        type=["null", "string"],
        minLength=1,
        **_at_most(bounds.NAME),
        title="Time zone",
        description=f"Time zone of the schedule, for example Europe/Paris. Empty: {otherwise}.",
    )


def late_after_param(otherwise: str = "as it was before, else never") -> Param:
    """From when on a batch is late."""
    return Param(
        None,
        type=["null", "number"],
        minimum=0,
        maximum=43_200,
        title="Late after minutes",
        description="A batch that has not ended this many minutes after it was queued is late. It is recorded, and the"
        f" notifiers run. 0: never. Empty: {otherwise}.",
    )


def paused_param() -> Param:
    """Whether nothing is to run by itself for a while."""
    return Param(
        None,
        type=["null", "boolean"],
        title="Paused",
        description="Stop scheduled runs until this is set to false. Empty: as it is.",
    )


def predict_now_param() -> Param:
    """Whether the new deployment's predictions take over at once."""
    return Param(
        False,
        type="boolean",
        title="Predict now",
        description="Score the data interval that has ended last, or all rows where there are none, as soon as it is"
        " deployed. Else readers see the predictions of before until the next batch. SQL that asks for the interval"
        " needs a schedule of the clock for this.",
    )


def deployment_param() -> Param:
    """An active deployment."""
    return Param(
        type="integer",
        minimum=1,
        title="Deployment",
        description="Its number: in the result of its job, and in what modelops.in_production_at(now()) gives.",
    )


def interval_param(end: str) -> Param:
    """One end of a data interval."""
    return Param(
        None,
        type=["null", "string"],
        format="date-time",
        **_at_most(bounds.NAME),
        title=f"Interval's {end}",
        description="For SQL that asks for modelops.interval_start and modelops.interval_end. Empty: all times.",
    )


def ref_param() -> Param:
    """Another git ref than the configured one."""
    return Param(
        None,
        type=["null", "string"],
        minLength=1,
        **_at_most(bounds.NAME),
        title="Git ref",
        description="A branch, tag or commit, for a repository with a url; empty: the one of repositories.yaml.",
    )


def reason_param() -> Param:
    """Why something is done."""
    return Param(
        None,
        type=["null", "string"],
        **_at_most(bounds.COMMENT),
        title="Reason",
        description="Why, for the record.",
    )


def allow_dirty_param(verb: str = "Train") -> Param:
    """Whether files that aren't committed may be used."""
    return Param(
        False,
        type="boolean",
        title="Allow uncommitted files",
        description=f"{verb} from files that are not committed to git. The version keeps a note of it.",
    )


def overriding_budget_param() -> Param:
    """How many rows may fail, this time."""
    return Param(
        None,
        type=["null", "integer"],
        minimum=0,
        maximum=100_000,
        title="Rows that may be set aside",
        description="Takes the place of the deployment's own number for this batch; empty: that.",
    )
