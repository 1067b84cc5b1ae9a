"""What an installation keeps: secrets, ports and logs."""

from __future__ import annotations

import json
import socket
import stat
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from modelops.domain.errors import BadInput, Unavailable
from modelops.runner.configuration import PASSWORDS_FILE, ROLES, USERS, accounts
from modelops.runner.installation import Installation
from modelops.runner.layout import (
    Layout,
    Secrets,
    claim_port,
    free_port,
    is_free,
    private,
    read_json,
    rotated,
    tail,
    write_private,
)

if TYPE_CHECKING:
    from pathlib import Path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_secrets_are_made_once_and_are_their_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = Secrets.load(path)
    assert Secrets.load(path) == first
    assert mode(path) == 0o600
    assert len(set(asdict(first).values())) == len(asdict(first)), "two secrets are the same"


def test_two_installations_share_no_secret(tmp_path: Path) -> None:
    one, other = Secrets.load(tmp_path / "one"), Secrets.load(tmp_path / "other")
    assert not set(asdict(one).values()) & set(asdict(other).values())


def test_a_secret_that_an_upgrade_needs_is_added_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    old = asdict(Secrets.load(path))
    del old["features"]
    write_private(path, json.dumps(old))
    new = asdict(Secrets.load(path))
    assert new.items() >= old.items()
    assert json.loads(path.read_text()) == new


def test_given_passwords_take_precedence_and_are_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    given = {"jobs": "given", "sql": "given too"}
    first = Secrets.load(path, given)
    assert (first.jobs, first.sql) == ("given", "given too")
    assert "given" not in path.read_text()
    assert Secrets.load(path, given) == first
    assert Secrets.load(path, {**given, "jobs": "changed"}).jobs == "changed"
    with pytest.raises(BadInput, match="passwords of the logins were set in the environment before"):
        Secrets.load(path)
    content = json.loads(path.read_text())
    del content["passwords_from_outside"]
    write_private(path, json.dumps(content))
    own = Secrets.load(path)
    assert (own.owner, own.jobs in {"given", "changed"}) == (first.owner, False)


def test_a_secrets_file_that_cannot_be_read_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text("{half a fi")
    with pytest.raises(Unavailable, match=r"secrets\.json can't be read"):
        Secrets.load(path)
    assert path.read_text() == "{half a fi"


def test_passwords_of_accounts_are_generated_once_and_those_of_others_stay(tmp_path: Path) -> None:
    layout = Layout(home=tmp_path / "home")
    layout.prepare()
    layout.passwords.write_text('{"alice": "hers"}')
    first = accounts(layout)
    assert {name: account.role for name, account in first.items()} == ROLES
    assert accounts(layout) == first
    assert read_json(layout.passwords)["alice"] == "hers"
    assert mode(layout.passwords) == 0o600
    assert mode(layout.home) == 0o700
    layout.passwords.chmod(0o644)  # as Airflow makes it
    accounts(layout)
    assert mode(layout.passwords) == 0o600


def test_airflow_has_no_password_to_make_and_to_print(tmp_path: Path) -> None:
    """Whatever accounts the user has set, and in whatever file."""
    layout = Layout(home=tmp_path / "home")
    layout.prepare()
    chosen = {USERS: "alice:admin, bob:viewer:team", PASSWORDS_FILE: str(tmp_path / "elsewhere.json")}
    made = accounts(layout, chosen)
    assert (made["alice"].role, made["bob"].role) == ("admin", "viewer")
    assert {"alice", "bob", *ROLES} <= read_json(tmp_path / "elsewhere.json").keys()
    assert not layout.passwords.exists()


def test_a_log_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    with open(tmp_path / "a.log", "ab", opener=private):
        assert mode(tmp_path / "a.log") == 0o600


def test_a_home_that_cannot_be_made_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="name another folder in MODELOPS_HOME"):
        Layout(home=tmp_path / "file" / "home").prepare()


def test_the_first_free_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        taken, free = one.getsockname()[1], other.getsockname()[1]
        other.close()
        assert not is_free(taken)
        assert free_port(taken, None, free) == free
        assert free_port(taken) not in (taken, 0)


def test_a_claimed_port_is_nobody_elses_until_the_claim_is_closed() -> None:
    """Two installations that start at the same time: the server of the first doesn't listen yet."""
    port = free_port()
    claim = claim_port(port)
    assert claim is not None
    with claim:
        assert is_free(port)
        assert claim_port(port) is None
    again = claim_port(port)
    assert again is not None
    with again:
        assert again.port == port
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert claim_port(server.getsockname()[1]) is None


def test_two_installations_that_start_at_once_have_two_ports(tmp_path: Path) -> None:
    one, other = (Installation(tmp_path / name, environ={}) for name in ("one", "other"))
    one.layout.prepare()
    other.layout.prepare()
    with one.port_claimed():
        first = one.port
        with other.port_claimed():
            assert other.port != first
        chosen = Installation(tmp_path / "chosen", environ={"AIRFLOW__API__PORT": str(first)})
        with pytest.raises(Unavailable, match=rf"port {first} \(AIRFLOW__API__PORT\) is in use"), chosen.port_claimed():
            pytest.fail("two have it")
    with one.port_claimed():
        assert one.port == first, "last time's, if it is free"


def test_a_port_that_is_taken_on_every_address_is_not_free() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:
        assert not is_free(server.getsockname()[1])


def test_a_long_log_is_set_aside_and_a_short_one_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "component.log"
    log.write_text("x" * 11)
    assert rotated(log, limit=11).exists()
    assert not rotated(log, limit=10).exists()
    assert (tmp_path / "component.log.1").read_text() == "x" * 11


def test_the_end_of_a_log_begins_where_this_start_began(tmp_path: Path) -> None:
    log = tmp_path / "component.log"
    log.write_text("old\n" + "".join(f"line {number}\n" for number in range(30)))
    assert tail(log, lines=2) == "line 28\nline 29"
    assert tail(log, start=4).splitlines()[0] == "line 15"
    assert "old" not in tail(log, start=4, lines=100)
    assert tail(tmp_path / "none") == ""
