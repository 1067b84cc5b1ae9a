"""What is kept of a program's output."""

from __future__ import annotations

import os
import threading

import pytest

from modelops.runner.hosts import output


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        ("", ""),
        ("short ü", "short ü"),
        ("exactly_10", "exactly_10"),
        ("0123456789ab", "01234\n[2 bytes left out: the first and the last 5 bytes are kept]\n789ab"),
        ("x" * 300_000 + "end", "xxxxx\n[299,993 bytes left out: the first and the last 5 bytes are kept]\nxxend"),
    ],
)
def test_the_beginning_and_the_end_are_kept(printed: str, kept: str) -> None:
    reading, writing = os.pipe()

    def write() -> None:
        with open(writing, "wb") as pipe:
            pipe.write(printed.encode())

    writer = threading.Thread(target=write)
    with open(reading, "rb") as stream:
        writer.start()
        assert output.read(stream, within=60, most=10) == kept
        writer.join()


def test_an_output_without_an_end_is_given_up() -> None:
    reading, writing = os.pipe()
    with open(reading, "rb") as stream, open(writing, "wb"), pytest.raises(TimeoutError):
        output.read(stream, within=0.01)
