"""Reads the section `resources` of config.json and of task.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from modelops.domain.resources import (
    MAX_CPU_SECONDS,
    MAX_MEMORY,
    MAX_SECONDS,
    MIB,
    MIN_MEMORY,
    NAMES,
    ResourceRequest,
    bytes_of,
    size_text,
)

if TYPE_CHECKING:
    from modelops.repository.documents import Document

KEY = "resources"
EXAMPLE = 'resources: {"memory": "4 GiB", "cpu_seconds": 3600, "seconds": 1800, "queue": "large", "pool": "database"}'


def read_resources(document: Document) -> ResourceRequest:
    """The section of a file; without it, nothing is requested.

    Raises:
        RepositoryError: a key is unknown, or a value is wrong; SeveralErrors if there are several mistakes.
    """
    if not isinstance(document.value, dict) or document.value.get(KEY) is None:
        return ResourceRequest()
    section = document.read_as(_ResourcesSection, KEY)
    return ResourceRequest(**section.model_dump())


def _name(value: str) -> str:
    if not NAMES.fullmatch(value):
        raise ValueError(f"is {value!r}")
    return value


def _memory(value: object) -> object:
    if isinstance(value, str):
        size = bytes_of(value)
        if size is None:
            raise ValueError(f"is {value!r}")
        return size
    return value * MIB if isinstance(value, int) and not isinstance(value, bool) else value


def _is_possible_memory(value: int) -> int:
    if not MIN_MEMORY <= value <= MAX_MEMORY:
        raise ValueError(f"is not between {size_text(MIN_MEMORY)} and {size_text(MAX_MEMORY)}")
    return value


def _cpu_seconds(value: float) -> float:
    if not 1 <= value <= MAX_CPU_SECONDS:
        raise ValueError(f"is not between 1 and {MAX_CPU_SECONDS:,}")
    return value


def _seconds(value: float) -> float:
    if not 1 <= value <= MAX_SECONDS:
        raise ValueError(f"is not between 1 and {MAX_SECONDS:,}")
    return value


class _ResourcesSection(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    queue: Annotated[str, AfterValidator(_name)] | None = Field(
        None, description="the name of a queue in Airflow: letters, digits, _, . and -"
    )
    pool: Annotated[str, AfterValidator(_name)] | None = Field(
        None, description="the name of a pool in Airflow: letters, digits, _, . and -"
    )
    memory: Annotated[int, BeforeValidator(_memory), AfterValidator(_is_possible_memory)] | None = Field(
        None, description='a size with MiB, GiB or TiB, such as "4 GiB"; or a whole number of MiB'
    )
    cpu_seconds: Annotated[float, AfterValidator(_cpu_seconds)] | None = Field(
        None, description="seconds of CPU time of all processes together, such as 3600"
    )
    seconds: Annotated[float, AfterValidator(_seconds)] | None = Field(
        None, description="seconds for which the code may run, such as 1800"
    )
