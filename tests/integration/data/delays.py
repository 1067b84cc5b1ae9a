"""A target of delays, and rows for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from modelops.data.target import ensure_target
from modelops.domain.targets import Target, TargetColumn

if TYPE_CHECKING:
    import psycopg

DELAY = Target(schema="predictions", name="delay")
KEY = (TargetColumn(name="flight_id", type="bigint"),)
OUTPUTS = (TargetColumn(name="late", type="integer"),)


def ensure(
    connection: psycopg.Connection[Any],
    key: tuple[TargetColumn, ...] = KEY,
    outputs: tuple[TargetColumn, ...] = OUTPUTS,
    target: Target = DELAY,
) -> None:
    ensure_target(connection, target, key=key, outputs=outputs)


def ids(*values: Any, type_: pa.DataType | None = None) -> pa.RecordBatch:
    return pa.record_batch([pa.array(values, type_ or pa.int64())], names=["flight_id"])


def late(*values: Any, type_: pa.DataType | None = None) -> pa.RecordBatch:
    return pa.record_batch([pa.array(values, type_ or pa.int32())], names=["late"])
