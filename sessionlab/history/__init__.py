"""Everything of one session in order of time, readable as text and in a notebook.

``find`` looks the session up, ``events`` puts what the lab has of it in order, ``diffs`` compares texts, ``plain`` and
``page`` write it down; ``History`` holds it together.
"""

from sessionlab.history.events import Event
from sessionlab.history.find import Ask
from sessionlab.history.record import History, history

__all__ = ["Ask", "Event", "History", "history"]
