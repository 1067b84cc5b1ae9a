"""Creates the roles and accounts of a cluster in Airflow's FAB auth manager. It can be repeated.

Existing accounts are not changed, because people change their passwords in Airflow. The exception is the account of the
observer, which is a program. Permissions that a role lacks are added, and no permission is removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VIEWER = "Viewer"
ADMIN = "Admin"
"""Predefined roles of FAB. The other roles have the permissions of a viewer, and more."""
VIEW = ("can_read", "Plugins")
"""The permission without which Airflow shows no view of a plugin. FAB's own viewers lack it."""


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role, and its permissions beyond those of a viewer and `VIEW`, as pairs of action and resource."""

    name: str
    permissions: tuple[tuple[str, str], ...] = ()


# FAB requires "can edit DAGs" for every change of a DAG run or task instance.
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
    "viewer": Role(name="Model viewer"),
    # The audit log shows who cleared a training, and therefore may not approve its version.
    "observer": Role(name="Observer", permissions=(("can_read", "Audit Logs"),)),
}
"""The accounts and their roles."""
OBSERVER = "observer"


def ensure_accounts(passwords: Mapping[str, str]) -> Iterator[str]:
    """Create missing roles and accounts; yields a description of each change.

    Args:
        passwords: the initial password of each account in `ROLES`.
    """
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    with get_application_builder() as builder:
        manager = builder.sm
        manager.sync_roles()  # creates the predefined roles
        for name, role in ROLES.items():
            yield from _ensure_role(manager, role)
            yield from _ensure_account(manager, name, role, passwords[name])


def _ensure_role(manager: Any, role: Role) -> Iterator[str]:
    found = manager.find_role(role.name) or manager.add_role(role.name)
    if role.name == ADMIN:
        return
    wanted = [*manager.find_role(VIEWER).permissions]
    wanted += [manager.create_permission(action, resource) for action, resource in (VIEW, *role.permissions)]
    missing = [permission for permission in wanted if permission not in found.permissions]
    for permission in missing:
        manager.add_permission_to_role(found, permission)
    if missing:
        yield f"role {role.name}: {len(missing)} permissions added"


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
        yield f"account {name} created, with the role {role.name}"
    elif name == OBSERVER:
        yield from _update_account(manager, account, role, password)


def _update_account(manager: Any, account: Any, role: Role, password: str) -> Iterator[str]:
    from werkzeug.security import check_password_hash

    if not check_password_hash(account.password, password):
        manager.reset_password(account.id, password)
        yield f"account {account.username}: password set"
    if not account.active or role.name not in {one.name for one in account.roles}:
        account.active = True
        account.roles = [*account.roles, manager.find_role(role.name)]
        manager.update_user(account)
        yield f"account {account.username}: active, with the role {role.name}"
