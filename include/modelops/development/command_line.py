"""The commands of `./modelops` for developers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelops.development import commands

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

NAMES = ("test", "bench", "faults", "lint", "lock")
PASSING_ON = ("test", "bench")
"""Commands that pass unknown arguments on to the program that they start."""


def add_commands(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the commands to the command line; `command` makes a parser from a name and a summary."""
    tests = command(
        "test",
        "Run the tests: the named parts, or all but cluster and engine.",
        usage="modelops test [PART …] [PYTEST ARGUMENT …]",
    )
    tests.epilog = f"PART is {', '.join(commands.PARTS)}. Other arguments go to pytest."
    bench = command("bench", "Measure how fast something is.", usage="modelops bench PART [ARGUMENT …]")
    bench.epilog = (
        f"PART is {', '.join(commands.MEASURED)}. `./modelops bench PART --help` shows its arguments."
        " With --write the report in docs/benchmarks is written again."
    )
    faults = command("faults", "Kill processes of batch predictions, and report what a reader saw in the meantime.")
    faults.add_argument(
        "--cluster",
        action="store_true",
        help="kill hosts of a cluster without Docker, and cut workers off, in the middle of life cycles and batches",
    )
    faults.add_argument("--kills", type=int, default=200, help="how many (default: 200)")
    faults.add_argument("--seed", type=int, default=1, help="seed of the random faults (default: 1)")
    faults.add_argument("--write", action="store_true", help="write the report in docs/reports/")
    command("lint", "Run ruff, mypy and import-linter.")
    command("lock", "Write requirements.txt and requirements-cluster.txt again from their .in files.")


def run(chosen: argparse.Namespace, rest: list[str]) -> int:
    """Run one of the commands, and return the exit code.

    Raises:
        BadInput: the arguments name no test, no benchmark, or nothing to kill.
    """
    match chosen.command:
        case "test":
            return commands.test(rest)
        case "bench":
            return commands.bench(rest)
        case "faults":
            return commands.faults(kills=chosen.kills, seed=chosen.seed, write=chosen.write, of_cluster=chosen.cluster)
        case "lint":
            return commands.lint()
        case _:
            return commands.lock()
