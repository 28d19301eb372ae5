"""What a lab knows about its sessions: numbers as SQL.

A metric is a pure function that returns SQL text over the canonical tables; ``METRICS`` holds them by name
and ``Metrics`` runs them. Every metric takes the same arguments:

* ``by``: a column of ``sessions``, or several; one row for each combination of their values.
* ``where``: one SQL condition over the columns of ``sessions``; sessions it does not hold for are left out.
* ``bucket``: ``"day"``, ``"week"`` or ``"month"``; one row for each of them, by when a session started.

``winners`` also takes ``of``, what is compared.

The columns come in this order: ``bucket``, the ``by`` columns, the metric's own. Sessions whose value is not
known form a group too, with NULL for its name. An argument that does not hold raises ``QueryError``.

A new metric is one function with ``@metric`` in a module that is imported here.
"""

from sessionlab.metrics.counts import attempts, attempts_distribution, durations, summary
from sessionlab.metrics.errors import errors
from sessionlab.metrics.rates import success_rate, timeline
from sessionlab.metrics.registry import METRICS, Metric, metric
from sessionlab.metrics.runner import Metrics
from sessionlab.metrics.survival import success_by_attempt
from sessionlab.metrics.values import difficulties, modes, statuses, topics
from sessionlab.metrics.winners import winners

__all__ = [
    "METRICS",
    "Metric",
    "Metrics",
    "attempts",
    "attempts_distribution",
    "difficulties",
    "durations",
    "errors",
    "metric",
    "modes",
    "statuses",
    "success_by_attempt",
    "success_rate",
    "summary",
    "timeline",
    "topics",
    "winners",
]
