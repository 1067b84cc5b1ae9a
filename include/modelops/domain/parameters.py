"""A parameter of a request: how it is declared, and the declarations that several requests share."""

from __future__ import annotations

import inspect
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from modelops.domain import bounds
from modelops.domain.references import MOST_CHARACTERS, OF_VERSIONS, REFERENCE, SUGGESTIONS
from modelops.domain.schedules import EXAMPLES, EXPECTED, MOST_MINUTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelops.domain.versions import VersionKind

MOST_SET_ASIDE = 100_000


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter of a request.

    `schema` is JSON Schema: the type and the bounds, which the form and the REST API check. `renderer` names the
    language of the value for Airflow's page of a task. `in_form`: the trigger form asks for it; other parameters are
    given by DAG files. A parameter without a `default` (MISSING) is required.
    """

    name: str
    default: Any
    title: str
    description: str
    schema: Mapping[str, Any]
    renderer: str | None
    in_form: bool
    holds: type | None

    @property
    def is_required(self) -> bool:
        """Whether a request must have it."""
        return self.default is MISSING

    def read(self, value: Any) -> Any:
        """A value as an instance of the request has it: None where the default is a mapping is that default."""
        if value is None and isinstance(self.default, dict):
            return {}
        return self.holds(**value) if self.holds is not None and value is not None else value


def parameters_of(request: type) -> Iterator[Parameter]:
    """The parameters of a request class, its own before inherited ones."""
    declared = {each.name: each for each in fields(request)}
    names = dict.fromkeys(name for owner in request.__mro__ for name in inspect.get_annotations(owner))
    for each in (declared[name] for name in names if name in declared):
        default = each.default_factory() if each.default_factory is not MISSING else each.default
        yield Parameter(name=each.name, default=default, **each.metadata)


def parameter(
    default: Any = MISSING,
    *,
    title: str,
    description: str,
    renderer: str | None = None,
    in_form: bool = True,
    holds: type | None = None,
    **schema: Any,
) -> Any:
    """Declare a field of a request; see `Parameter`."""
    said = {"title": title, "description": description, "schema": schema}
    metadata = said | {"renderer": renderer, "in_form": in_form, "holds": holds}
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def text(characters: int = bounds.NAME) -> dict[str, Any]:
    """Bounds of a text that goes to the registry."""
    return {"maxLength": characters, "pattern": bounds.STORABLE}


def reference(kind: VersionKind, *, of_versions: bool) -> Any:
    """A model or a feature task. No DAG names those that exist: suggestions are added when the form is opened."""
    which = "that has a version" if of_versions else "in a repository that repositories.yaml lists"
    suggestions: dict[str, Any] = {SUGGESTIONS: str(kind), OF_VERSIONS: of_versions}
    return parameter(
        title=kind.words.capitalize(),
        description=f"<repository>/<{kind.words}>: a {kind.words} {which}.",
        type="string",
        pattern=REFERENCE,
        maxLength=MOST_CHARACTERS,
        **suggestions,
    )


def version(newest: str) -> Any:
    """An existing version; `newest` says which one is meant if none is given."""
    return parameter(
        None,
        title="Version",
        description=f"Number of the version. Empty: {newest}.",
        type=["null", "integer"],
        minimum=1,
    )


def dataset(default: str, purpose: str) -> Any:
    """A dataset's name, or SQL."""
    return parameter(
        default,
        title=f"Dataset for {purpose}",
        description="A dataset of the model's datasets.yaml, or a SELECT statement with the same columns.",
        renderer="sql",
        type="string",
        minLength=1,
        **text(bounds.TEXT),
    )


def allow_dirty(verb: str) -> Any:
    """Whether files that aren't committed may be used."""
    return parameter(
        False,
        title="Allow uncommitted files",
        description=f"{verb} from files that are not committed to git. The version keeps a note of it.",
        type="boolean",
    )


def interval(end: str) -> Any:
    """One end of a data interval."""
    return parameter(
        None,
        title=f"Interval's {end}",
        description="For SQL that asks for modelops.interval_start and modelops.interval_end: an ISO 8601 time with an"
        " offset. Empty: all times.",
        type=["null", "string"],
        format="date-time",
        **text(),
    )


def deployment() -> Any:
    """An active deployment."""
    return parameter(
        title="Deployment",
        description="Number of an active deployment, as in the result of its job and in"
        " modelops.in_production_at(now()).",
        type="integer",
        minimum=1,
    )


def schedule(otherwise: str) -> Any:
    """When batches run; `otherwise` says what holds if none is given."""
    return parameter(
        None,
        title="Schedule",
        description=f"When batches run: {EXPECTED}. Empty: {otherwise}.",
        type=["null", "string"],
        minLength=1,
        examples=list(EXAMPLES),
        **text(),
    )


def time_zone(otherwise: str) -> Any:
    """Where cron's fields are meant, likewise."""
    return parameter(
        None,
        title="Time zone",
        description=f"Time zone of the schedule, for example Europe/Paris. Empty: {otherwise}.",
        type=["null", "string"],
        minLength=1,
        **text(),
    )


def late_after(otherwise: str) -> Any:
    """From when on a batch is late, likewise."""
    return parameter(
        None,
        title="Late after minutes",
        description="A batch that has not ended this many minutes after it was queued is late. It is recorded, and the"
        f" notifiers run. 0: never. Empty: {otherwise}.",
        type=["null", "number"],
        minimum=0,
        maximum=MOST_MINUTES,
    )
