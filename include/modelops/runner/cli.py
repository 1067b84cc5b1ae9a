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
MAX_DAYS = 36_500
ENV_DESCRIPTION = "Write .env from .env.example, with generated secrets. An existing .env is not changed."
PASS_THROUGH = ("psql", "airflow", *development.PASS_THROUGH)
"""The commands that pass unknown arguments to the program that they start."""


class Parser(argparse.ArgumentParser):
    """Reports a usage error in one line."""

    def error(self, message: str) -> NoReturn:
        """Print the message, and exit with status 2."""
        self.exit(2, f"modelops: {message}. `./{self.prog} --help` lists the commands and options.\n")


def days(text: str) -> int:
    """Parse a number of days, 0 to 36500.

    Raises:
        ArgumentTypeError: the text is not such a number.
    """
    if not text.isascii() or not text.isdigit() or int(text) > MAX_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days, 0 to {MAX_DAYS}")
    return int(text)


def parser() -> Parser:
    """The commands and their arguments."""
    from modelops.runner.database_commands import LOGINS

    main_parser = Parser(
        prog="modelops", description="Every stage in the life of a model is a job on Airflow and PostgreSQL."
    )
    main_parser.epilog = (
        "State is in .modelops, or in the folder in MODELOPS_HOME. MODELOPS_DATABASE_URL names a PostgreSQL server."
    )
    commands = main_parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, summary: str, **more: Any) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=summary, description=summary, allow_abbrev=False, **more)

    demo = command("demo", "Take two versions of a model on real flights through the whole life cycle.")
    demo.add_argument("--exit", action="store_true", help="stop all processes at the end")
    demo.add_argument("--approve-by-hand", action="store_true", help="wait for a person at each approval")
    up = command("up", "Start all processes, monitor them, and restart those that end. Ctrl-C stops all of them.")
    up.add_argument("--detach", action="store_true", help="return when all processes are up; `down` stops them")
    command("down", "Stop all processes that `up` or `demo` started, and those that a crash left running.")
    command("status", "Show the processes and the address. Exit code: 0 healthy, 1 not healthy, 3 not running.")
    reset = command("reset", "Stop all processes, and remove all state except the models' environments.")
    reset.add_argument("--yes", action="store_true", help="don't ask for confirmation")
    reset.add_argument("--all", action="store_true", help="also remove the models' environments")
    command("migrate", "Migrate both databases to the newest schema.")
    psql = command("psql", "Open psql on the data database.", usage="modelops psql [--role LOGIN] [PSQL ARGUMENT …]")
    psql.add_argument(
        "--role", choices=LOGINS, default="reader", help="login (default: reader); airflow opens Airflow's database"
    )
    psql.epilog = "All other arguments are passed to psql, such as -c 'SELECT …'."
    airflow = command(
        "airflow",
        "Run Airflow's own command line on this installation, such as `./modelops airflow db clean …`.",
        usage="modelops airflow [ARGUMENT …]",
    )
    airflow.epilog = "All arguments are passed to airflow. It needs the databases: run it while `up` is running."
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
    prune.add_argument("--yes", action="store_true", help="remove instead of listing")
    check = command(
        "check", "Check a model, a feature task or a repository without Airflow. A model is trained on 1,000 rows."
    )
    check.add_argument("folder", metavar="FOLDER", type=Path, help="folder of a model, a feature task or a repository")
    command(
        "check-connections",
        "Test the privileges of each login of the database. Exit code: 0 no findings, 1 findings.",
    )
    init = command("init", "Write the folder of a new model from a table, ready for `check`.")
    init.add_argument(
        "name", metavar="NAME", type=Path, help="folder of the repository and name of the model: ../my-models/risk"
    )
    init.add_argument("--from-table", metavar="TABLE", required=True, help="table or view, as schema.name")
    init.add_argument("--target", metavar="COLUMN", required=True, help="the column to predict")
    init.add_argument(
        "--key", metavar="COLUMN", action="append", default=[], help="entity key, if the table has no unique index"
    )
    cluster = command(
        "cluster", "Write the secrets of docker-compose.yaml, or run its services on this machine without Docker."
    )
    actions = cluster.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("env", help="write .env with generated secrets", description=ENV_DESCRIPTION, allow_abbrev=False)
    hosts.add_commands(actions)
    development.add_commands(command)
    return main_parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and return the exit code."""
    main_parser = parser()
    chosen, rest = main_parser.parse_known_args(arguments)
    if rest and chosen.command not in PASS_THROUGH:
        main_parser.error(f"unrecognized arguments of `{chosen.command}`: {' '.join(rest)}")
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

    print(f"✓ {write_env(PROJECT_ROOT)}: generated secrets, readable only by you. Keep a copy: there is no other.")
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
    # The output of psql is the result of a query and may be redirected to a file, so steps go to stderr.
    steps = Steps(sys.stderr if chosen.command == "psql" else sys.stdout)
    _stop_on_signals(installation)
    match chosen.command:
        case "demo":
            return commands.demo(installation, steps=steps, exit_at_end=chosen.exit, by_hand=chosen.approve_by_hand)
        case "up" if chosen.detach:
            return commands.up_detached(installation, steps=steps)
        case "up":
            return commands.up(installation, steps=steps)
        case "down":
            return commands.down(installation, steps=steps)
        case "status":
            return status(installation, steps=steps)
        case "reset":
            return commands.reset(installation, steps=steps, confirmed=chosen.yes, everything=chosen.all)
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
            return database_commands.prune_environments(installation, steps=steps, remove=chosen.yes)
        case "prune":
            return database_commands.prune(installation, steps=steps, days=chosen.older_than, remove=chosen.yes)
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
                path=chosen.name,
                table=chosen.from_table,
                target=chosen.target,
                key=chosen.key,
            )
        case unknown:
            raise AssertionError(unknown)


def _stop_on_signals(installation: Installation) -> None:
    """On the first signal, stop the processes that were started; on the second, kill them."""
    from modelops.runner.steps import Quiet
    from modelops.runner.up import stop_leftovers

    is_stopping = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_stopping
        if not is_stopping:
            is_stopping = True
            raise KeyboardInterrupt
        stop_leftovers(installation, steps=Quiet(), immediately=True)
        os._exit(INTERRUPTED)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # nohup ignores SIGHUP, so that the program continues when the terminal is closed.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stop)
