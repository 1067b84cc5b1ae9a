"""The roles and accounts of several machines, in Airflow's FAB auth manager; repeatable.

Accounts that exist are left as they are, for people change their passwords in Airflow; only the observer's is set each
time, because a program signs in with it. Permissions that one of our roles lacks are added, and none is removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VIEWER = "Viewer"
ADMIN = "Admin"
"""Roles that FAB has. Ours may do what a viewer may, and more."""


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role, and its permissions beyond those of a viewer: pairs of FAB's action and resource."""

    name: str
    permissions: tuple[tuple[str, str], ...] = ()


# FAB asks for "can edit DAGs" for every change of anything below a DAG.
ROLES = {
    "admin": Role(name=ADMIN),
    "trainer": Role(
        name="Data scientist",
        permissions=(
            ("can_edit", "DAGs"),
            ("can_create", "DAG Runs"),
            ("can_edit", "DAG Runs"),
            ("can_edit", "Task Instances"),
        ),
    ),
    "reviewer": Role(name="Reviewer", permissions=(("can_edit", "DAGs"), ("can_edit", "HITL Detail"))),
    "viewer": Role(name=VIEWER),
    # Without the audit log nobody would know who cleared a training, and so who may not approve it.
    "observer": Role(name="Observer", permissions=(("can_read", "Audit Logs"),)),
}
"""The accounts and their roles."""
OBSERVER = "observer"


def ensure_accounts(passwords: Mapping[str, str]) -> Iterator[str]:
    """Make the roles and accounts that are missing; yields a sentence for each change.

    Args:
        passwords: the first password of each account of `ROLES`.
    """
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    with get_application_builder() as builder:
        manager = builder.sm
        manager.sync_roles()  # FAB's own, of which ours are made
        for name, role in ROLES.items():
            yield from _ensure_role(manager, role)
            yield from _ensure_account(manager, name, role, passwords[name])


def _ensure_role(manager: Any, role: Role) -> Iterator[str]:
    made = manager.find_role(role.name) or manager.add_role(role.name)
    if role.name in (VIEWER, ADMIN):
        return
    wanted = [*manager.find_role(VIEWER).permissions]
    wanted += [manager.create_permission(action, resource) for action, resource in role.permissions]
    missing = [right for right in wanted if right not in made.permissions]
    for right in missing:
        manager.add_permission_to_role(made, right)
    if missing:
        yield f"role {role.name}: {len(missing)} rights added"


def _ensure_account(manager: Any, name: str, role: Role, password: str) -> Iterator[str]:
    account = manager.find_user(username=name)
    if account is None:
        manager.add_user(
            username=name,
            first_name=name.capitalize(),
            last_name="(ModelOps)",
            email=f"{name}@modelops.invalid",
            role=[manager.find_role(role.name)],
            password=password,
        )
        yield f"account {name} made, with the role {role.name}"
    elif name == OBSERVER:
        yield from _mend(manager, account, role, password)


def _mend(manager: Any, account: Any, role: Role, password: str) -> Iterator[str]:
    from werkzeug.security import check_password_hash

    if not check_password_hash(account.password, password):
        manager.reset_password(account.id, password)
        yield f"account {account.username}: password set"
    if not account.active or role.name not in {one.name for one in account.roles}:
        account.active = True
        account.roles = [*account.roles, manager.find_role(role.name)]
        manager.update_user(account)
        yield f"account {account.username}: active, with the role {role.name}"
