"""Checks a request for a version of any kind before the version is created."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain.errors import DecisionRefused, TargetError
from modelops.registry.write import deployments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

    from modelops.domain.targets import Target
    from modelops.domain.versions import VersionKind


def check_approvers(reference: str, approvers: Sequence[str], *requesters: str) -> None:
    """Check that the policy leaves somebody who may decide: a requester may not decide on the version.

    Raises:
        DecisionRefused: all approvers are among the requesters.
    """
    if approvers and not set(approvers) - set(requesters):
        raise DecisionRefused(
            f"nobody may decide on this version of {reference}: all of its approvers requested it"
            f" ({', '.join(approvers)})",
            where=f"{reference}/policy.yaml",
            expected="an approver who doesn't request versions, or a version that somebody else requests",
        )


def check_owner(connection: Connection[Any], target: Target, kind: VersionKind, name: str, *, where: str) -> None:
    """Check that the target does not belong to another model or feature task.

    Raises:
        TargetError: the target belongs to another one.
    """
    others = deployments.holders_of_target(connection, str(target)) - {(kind, name)}
    if others:
        held = ", ".join(f"the {other.output} of {holder}" for other, holder in sorted(others))
        raise TargetError(
            f"{target} holds {held}",
            where=where,
            expected=f"a target of this {kind.words}'s own",
        )
