"""What ``%load_ext sessionlab`` brings into a notebook.

``magics`` has ``%lab``, ``%%sql`` and a line magic for every metric, ``arguments`` reads what stands behind those,
``statements`` runs SQL with Python's variables bound, ``completion`` completes names, and ``failures`` shortens errors.
"""

from __future__ import annotations

from typing import Any

from sessionlab.display import show_relations
from sessionlab.jupyter.completion import Completion
from sessionlab.jupyter.failures import show_failures
from sessionlab.jupyter.magics import register

__all__ = ["load", "unload"]


def load(shell: Any) -> None:
    """Set a shell up; a second time changes nothing."""
    unload(shell)
    show_relations(shell)
    register(shell)
    show_failures(shell)
    shell.Completer.custom_matchers.append(Completion(shell.user_ns))


def unload(shell: Any) -> None:
    """Take back what changes what a shell does by itself; the magics stay."""
    matchers = shell.Completer.custom_matchers
    matchers[:] = [matcher for matcher in matchers if not isinstance(matcher, Completion)]
    shell.set_custom_exc((), None)
