"""Output in pieces becomes lines."""

from __future__ import annotations

import tracemalloc

import pytest

from modelops.runtime.lines import MAX_BYTES, TAIL_BYTES, Lines
from modelops.settings import LogBounds


def lines_of(*pieces: bytes) -> list[str]:
    lines = Lines(LogBounds())
    return [line for piece in pieces for line in lines.feed(piece)] + list(lines.end())


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        pytest.param([b"one\ntwo\n"], ["one", "two"], id="two lines at once"),
        pytest.param([b"o", b"ne", b"\n", b"t", b"wo"], ["one", "two"], id="in pieces, the last without an end"),
        pytest.param([b"a\n\nb\n"], ["a", "", "b"], id="an empty line"),
        pytest.param([b"a\r\nb\r", b"\nc"], ["a", "b", "c"], id="ends of DOS, one of them cut in two"),
        pytest.param([b"\r 1%", b"\r 50%", b"\r100%\n", b"done\n"], ["100%", "done"], id="a progress bar"),
        pytest.param([b"1%\r", b"2%\r", b"3%\r"], ["3%"], id="a progress bar that returns first and never ends"),
        pytest.param([b"caf\xc3", b"\xa9\n"], ["café"], id="a character in two pieces"),
        pytest.param([b"\xff\xfe!\n"], ["\ufffd\ufffd!"], id="not UTF-8"),
        pytest.param([b""], [], id="nothing"),
    ],
)
def test_lines(pieces: list[bytes], expected: list[str]) -> None:
    assert lines_of(*pieces) == expected


def test_a_long_line_comes_in_pieces_before_it_ends() -> None:
    lines = Lines(LogBounds())
    assert [len(line) for line in lines.feed(b"x" * (2 * MAX_BYTES + 5))] == [MAX_BYTES, MAX_BYTES]
    assert list(lines.feed(b"\n")) == ["xxxxx"]


def test_a_piece_does_not_end_inside_a_character() -> None:
    text = "é€𝄞" * MAX_BYTES
    pieces = lines_of(text.encode() + b"\n")
    assert "".join(pieces) == text
    assert max(len(piece.encode()) for piece in pieces) <= MAX_BYTES


def test_a_progress_bar_of_any_length_takes_no_memory() -> None:
    assert lines_of(*[b"\r" + b"#" * 100 for _ in range(1_000)]) == ["#" * 100]


def test_a_line_without_end_is_cut_and_takes_no_memory() -> None:
    """300 MB in one line, as a program prints that takes its data for text."""
    lines, given, chunk = Lines(LogBounds()), 0, b"x" * 65_536
    tracemalloc.start()
    for _ in range(300 * 2**20 // len(chunk)):
        given += sum(map(len, lines.feed(chunk)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert given == 128 * 2**10
    assert peak < 2 * 2**20
    assert list(lines.feed(b"\nnext\n")) == [
        f"… {300 * 2**20 - 128 * 2**10:,} bytes of this line are left out (MODELOPS_LOG_LINE)",
        "next",
    ]


def test_too_many_lines_are_left_out_but_for_the_last_ones() -> None:
    lines = Lines(LogBounds(line=1024, all=2**20))
    heard = [line for number in range(200_000) for line in lines.feed(b"%09d\n" % number)]
    assert len(heard) == 2**20 // 10
    note, *tail = lines.end()
    kept = TAIL_BYTES // 10
    assert tail == [f"{number:09}" for number in range(200_000 - kept, 200_000)]
    assert note == f"… {200_000 - len(heard) - kept:,} lines are left out here: the log has 1 MiB (MODELOPS_LOG_SIZE)"
