"""The heartbeat of a Celery worker."""

from __future__ import annotations

from modelops.heartbeat import beat


def beat_with_celery() -> None:
    """Beat with every heartbeat that the worker sends to its broker, every two seconds.

    A worker that has lost its broker, or whose main loop hangs, sends none.
    """
    from celery.signals import heartbeat_sent

    heartbeat_sent.connect(_beat, weak=False)


def _beat(**_: object) -> None:
    beat()
