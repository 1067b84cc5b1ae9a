"""Reads policy.yaml: who may decide on the versions of a folder. It is pinned with the code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from modelops.repository.reading import read_yaml

if TYPE_CHECKING:
    from pathlib import Path


def _person(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError("is no account's name")
    return value


class _PolicyFile(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    approvers: list[Annotated[str, AfterValidator(_person)]] = Field(
        [], description="names of Airflow accounts that may approve or reject: approvers: [reviewer]"
    )


def read_approvers(file: Path, shown: str) -> tuple[str, ...]:
    """The accounts that may decide; empty if there is no such file: anybody except the requesters.

    Raises:
        RepositoryError: the file isn't valid.
    """
    if not file.exists():
        return ()
    policy = read_yaml(file, shown, expected="a file with approvers").read_as(_PolicyFile)
    return tuple(dict.fromkeys(policy.approvers))
