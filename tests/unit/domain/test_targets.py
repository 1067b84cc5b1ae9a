"""Names of targets and of their columns."""

from __future__ import annotations

import pytest

from modelops.domain.errors import TargetError
from modelops.domain.targets import Target, TargetColumn, check_columns

LONG = "x" * 50


def column(name: str) -> TargetColumn:
    return TargetColumn(name=name, type="integer")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("risk.churn", "risk.churn"),
        ("arrival_delay", "predictions.arrival_delay"),
        ("_x9", "predictions._x9"),
        (LONG, f"predictions.{LONG}"),
    ],
)
def test_a_target(text: str, shown: str) -> None:
    target = Target.parse(text, where="the parameter target")
    assert str(target) == shown
    assert str(target.rows) == f"{shown}_rows"
    assert Target.parse(shown, where="the parameter target") == target


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "isn't a plain name"),
        (".x", "isn't a plain name"),
        ("x.", "isn't a plain name"),
        ("a.b.c", "isn't a plain name"),
        ("Arrivals", "isn't a plain name"),
        ("größe", "isn't a plain name"),
        ("x\n", "isn't a plain name"),
        ('x"; DROP TABLE y', "isn't a plain name"),
        ("9x", "isn't a plain name"),
        (LONG + "x", "has 51 characters"),
        ("modelops.job", "the schema modelops can't have predictions"),
        ("staging.x", "the schema staging can't have predictions"),
        ("pg_catalog.x", "the schema pg_catalog can't have predictions"),
        ("information_schema.x", "the schema information_schema can't have predictions"),
        ("churn_rows", "the name churn_rows ends in _rows"),
    ],
)
def test_no_target(text: str, complaint: str) -> None:
    with pytest.raises(TargetError, match=complaint) as caught:
        Target.parse(text, where="the parameter target")
    assert caught.value.where == "the parameter target"


@pytest.mark.parametrize("text", ["", "staging.x"])
def test_another_default_schema(text: str) -> None:
    assert str(Target.parse("flights", where="a test", default_schema="features")) == "features.flights"
    with pytest.raises(TargetError) as caught:
        Target.parse(text, where="a test", default_schema="features")
    assert "the schema features" in caught.value.expected
    assert "predictions" not in str(caught.value)


@pytest.mark.parametrize("name", ["run_id", "model_version", "job_id", "scored_at", "interval_start", "interval_end"])
def test_names_that_the_view_has_itself(name: str) -> None:
    target = Target.parse("x", where="a test")
    for key, outputs in (([column(name)], [column("y")]), ([column("id")], [column(name)])):
        with pytest.raises(TargetError, match=f"the column name {name} is reserved"):
            check_columns(target, key=key, outputs=outputs)


def test_a_name_that_stands_twice() -> None:
    with pytest.raises(TargetError, match="two columns are named id"):
        check_columns(Target.parse("x", where="a test"), key=[column("id")], outputs=[column("id")])


@pytest.mark.parametrize(("name", "size"), [("", 0), ("ö" * 32, 64)])
def test_a_name_that_postgresql_would_cut(name: str, size: int) -> None:
    with pytest.raises(TargetError, match=f"has {size} bytes"):
        check_columns(Target.parse("x", where="a test"), key=[column("id")], outputs=[column(name)])


@pytest.mark.parametrize("name", ["ö" * 31, 'say "x"', "select", "predicted"])
def test_names_that_will_do(name: str) -> None:
    check_columns(Target.parse("x", where="a test"), key=[column("id")], outputs=[column(name)])
