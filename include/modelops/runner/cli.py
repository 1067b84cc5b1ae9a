"""The command line."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from modelops.development import command_line as development
from modelops.domain.errors import ModelOpsError
from modelops.runner.hosts import commands as hosts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from modelops.runner.installation import Installation
    from modelops.runner.steps import Steps

INTERRUPTED = 130
MOST_DAYS = 36_500
ENV = "Write .env from .env.example, with a generated value for each secret. A .env that is there is left as it is."
PASSING_ON = ("psql", "airflow", *development.PASSING_ON)
"""The commands whose unknown arguments are for the program that they start."""


class Parser(argparse.ArgumentParser):
    """Reports a wrong command line in one sentence."""

    def error(self, message: str) -> NoReturn:
        """Print it and exit with 2."""
        self.exit(2, f"modelops: {message}. `./{self.prog} --help` shows what there is.\n")


def days(text: str) -> int:
    """A number of days: 0 to 36500.

    Raises:
        ArgumentTypeError: it is no such number.
    """
    if not text.isascii() or not text.isdigit() or int(text) > MOST_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days, 0 to {MOST_DAYS}")
    return int(text)


def parser() -> Parser:
    """The commands and what they take."""
    from modelops.runner.database_commands import LOGINS

    whole = Parser(
        prog="modelops", description="Every stage in the life of a model is a job on Airflow and PostgreSQL."
    )
    whole.epilog = (
        "State is in .modelops, or where MODELOPS_HOME says. MODELOPS_DATABASE_URL names a PostgreSQL server."
    )
    commands = whole.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, summary: str, **more: Any) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=summary, description=summary, allow_abbrev=False, **more)

    demo = command("demo", "Take two versions of a real model through their whole lives, on real data.")
    demo.add_argument("--exit", action="store_true", help="stop everything afterwards instead of staying up")
    demo.add_argument("--approve-by-hand", action="store_true", help="stop at each approval, and say where to click")
    up = command("up", "Start everything, watch it, and start again what ends. Ctrl-C stops it all.")
    up.add_argument("--detach", action="store_true", help="come back once it is up; `down` stops it")
    command("down", "Stop everything that `up` or `demo` started, and what a crash left behind.")
    command("status", "Show what runs and where. Exit code: 0 well, 1 not well, 3 not running.")
    reset = command("reset", "Stop everything and remove all state but the models' environments.")
    reset.add_argument("--yes", action="store_true", help="don't ask")
    reset.add_argument("--all", action="store_true", help="remove the models' environments too")
    command("migrate", "Bring both databases to the newest schema.")
    psql = command("psql", "Open psql on the data database.", usage="modelops psql [--role LOGIN] [PSQL ARGUMENT …]")
    psql.add_argument(
        "--role", choices=LOGINS, default="reader", help="as whom (default: reader); airflow: its own database"
    )
    psql.epilog = "All else is for psql, such as -c 'SELECT …'."
    airflow = command(
        "airflow",
        "Run Airflow's own command line on this installation, such as `./modelops airflow db clean …`.",
        usage="modelops airflow [ARGUMENT …]",
    )
    airflow.epilog = "All arguments are for airflow. Needs the databases: run it while `up` does."
    prune = command(
        "prune",
        "Remove superseded rows, or environments that no version needs. Without --yes it only lists them.",
    )
    what = prune.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--older-than",
        type=days,
        metavar="DAYS",
        help="rows superseded at least this many days ago (`<target>_history` no longer shows them)",
    )
    what.add_argument("--environments", action="store_true", help="environments of this machine that no version needs")
    prune.add_argument("--yes", action="store_true", help="remove them")
    check = command(
        "check", "Check a model, a feature task or a repository without Airflow; a model is trained on 1,000 rows."
    )
    check.add_argument("folder", metavar="FOLDER", type=Path, help="that of a model, a task or a repository")
    command(
        "check-connections",
        "Try what each login of the database must be able to do and must not. Exit code: 0 all is right, 1 not.",
    )
    init = command("init", "Write the folder of a new model from a table, ready for `check`.")
    init.add_argument(
        "name", metavar="NAME", type=Path, help="the model's name, after the repository's folder: ../my-models/risk"
    )
    init.add_argument("--from-table", metavar="TABLE", required=True, help="schema.table, also a view")
    init.add_argument("--target", metavar="COLUMN", required=True, help="the column to predict")
    init.add_argument(
        "--key", metavar="COLUMN", action="append", default=[], help="what identifies a row, if no index says it"
    )
    cluster = command(
        "cluster", "Write the secrets of docker-compose.yaml, or run its services on this machine without Docker."
    )
    actions = cluster.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("env", help="write .env with generated secrets", description=ENV, allow_abbrev=False)
    hosts.add_commands(actions)
    development.add_commands(command)
    return whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and return the exit code."""
    whole = parser()
    chosen, rest = whole.parse_known_args(arguments)
    if rest and chosen.command not in PASSING_ON:
        whole.error(f"`{chosen.command}` doesn't know {' '.join(rest)}")
    try:
        if chosen.command in development.NAMES:
            return development.run(chosen, rest)
        if chosen.command == "cluster":
            return _write_env() if chosen.action == "env" else _run_on_hosts(chosen)
        return _run_on_installation(chosen, rest)
    except ModelOpsError as error:
        print(f"modelops: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def _write_env() -> int:
    from modelops.runner.containers.secrets_file import write_env
    from modelops.settings import PROJECT_ROOT

    print(f"✓ {write_env(PROJECT_ROOT)}: generated secrets, readable by you alone. Keep a copy: nothing else has them.")
    return 0


def _run_on_hosts(chosen: argparse.Namespace) -> int:
    from modelops.runner.steps import Steps
    from modelops.settings import MachineSettings

    return hosts.execute(chosen, home=MachineSettings.from_environment().home, steps=Steps())


def _run_on_installation(chosen: argparse.Namespace, rest: list[str]) -> int:
    from modelops.runner import commands
    from modelops.runner.installation import Installation
    from modelops.runner.status import status
    from modelops.runner.steps import Steps

    installation = Installation.from_environment()
    # What psql prints is the result of a query, and may go to a file.
    steps = Steps(sys.stderr if chosen.command == "psql" else sys.stdout)
    _stop_on_signals(installation)
    match chosen.command:
        case "demo":
            return commands.demo(installation, steps=steps, leave=chosen.exit, by_hand=chosen.approve_by_hand)
        case "up" if chosen.detach:
            return commands.up_detached(installation, steps=steps)
        case "up":
            return commands.up(installation, steps=steps)
        case "down":
            return commands.down(installation, steps=steps)
        case "status":
            return status(installation, steps=steps)
        case "reset":
            return commands.reset(installation, steps=steps, sure=chosen.yes, everything=chosen.all)
        case _:
            return _run_on_databases(chosen, rest, installation, steps)


def _run_on_databases(chosen: argparse.Namespace, rest: list[str], installation: Installation, steps: Steps) -> int:
    from modelops.runner import database_commands

    match chosen.command:
        case "migrate":
            return database_commands.migrate(installation, steps=steps)
        case "psql":
            return database_commands.psql(installation, steps=steps, login=chosen.role, arguments=rest)
        case "prune" if chosen.environments:
            return database_commands.prune_environments(installation, steps=steps, sure=chosen.yes)
        case "prune":
            return database_commands.prune(installation, steps=steps, days=chosen.older_than, sure=chosen.yes)
        case "airflow":
            return database_commands.airflow(installation, arguments=rest)
        case "check":
            return database_commands.check(installation, steps=steps, folder=chosen.folder)
        case "check-connections":
            return database_commands.check_connections(installation, steps=steps)
        case "init":
            return database_commands.init(
                installation,
                steps=steps,
                place=chosen.name,
                table=chosen.from_table,
                target=chosen.target,
                key=chosen.key,
            )
        case unknown:
            raise AssertionError(unknown)


def _stop_on_signals(installation: Installation) -> None:
    """The first signal unwinds, which stops what was started; the second kills it."""
    from modelops.runner.steps import Quiet
    from modelops.runner.up import clear_away

    asked = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if not asked:
            asked = True
            raise KeyboardInterrupt
        clear_away(installation, steps=Quiet(), immediately=True)
        os._exit(INTERRUPTED)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Under nohup a closed terminal is no reason to stop.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stop)
