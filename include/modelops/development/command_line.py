"""The command line of the commands for developers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelops.development import commands

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

NAMES = ("test", "bench", "faults", "lint", "lock")
PASS_THROUGH = ("test", "bench")
"""The commands that pass unknown arguments to the program that they start."""


def add_commands(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the commands to the command line; `command` makes a parser from a name and a summary."""
    tests = command(
        "test",
        "Run the named parts of the tests, or all parts except cluster and engine.",
        usage="modelops test [PART …] [PYTEST ARGUMENT …]",
    )
    tests.epilog = f"PART is one of {', '.join(commands.PARTS)}. Other arguments are passed to pytest."
    bench = command("bench", "Run a benchmark.", usage="modelops bench PART [ARGUMENT …]")
    bench.epilog = (
        f"PART is one of {', '.join(commands.BENCHMARKS)}. `./modelops bench PART --help` shows its arguments."
        " --write replaces the report in docs/benchmarks."
    )
    faults = command("faults", "Kill processes of batch predictions, and report which rows a concurrent reader sees.")
    faults.add_argument(
        "--cluster",
        action="store_true",
        help="kill hosts of a cluster without Docker, and disconnect workers, during life cycles and batches",
    )
    faults.add_argument("--kills", type=int, default=200, help="number of kills (default: 200)")
    faults.add_argument("--seed", type=int, default=1, help="seed of the random faults (default: 1)")
    faults.add_argument("--write", action="store_true", help="write the report in docs/reports/")
    command("lint", "Run ruff, mypy and import-linter.")
    command("lock", "Compile requirements.txt and requirements-cluster.txt from their .in files.")


def run(chosen: argparse.Namespace, rest: list[str]) -> int:
    """Run a command, and return the exit code.

    Raises:
        BadInput: the arguments name an unknown test or benchmark, or the number of kills is less than 1.
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
