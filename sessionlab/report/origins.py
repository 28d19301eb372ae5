"""Where the sessions come from, and what could not be loaded: rows as the page shows them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from sessionlab.report.markup import Row


def source(row: Row, sessions: Mapping[str, int]) -> Row:
    """Give what a reader wants to know about a source."""
    rows = row.get("rows")
    tables = json.loads(rows) if isinstance(rows, str) else rows or {}
    return {
        "source": row.get("source"),
        "kind": row.get("kind"),
        "from": row.get("uri"),
        "loaded": row.get("loaded_at"),
        "sessions": sessions.get(str(row.get("source")), 0),
        "rows": ", ".join(f"{name} {count:,}" for name, count in tables.items()),
        "rejected": row.get("rejected"),
        "superseded": row.get("superseded"),
    }


def reasons(rejects: Sequence[Row]) -> list[Row]:
    """Count the rejects of each source by their reason, the most frequent first."""
    counts = Counter((str(row.get("source")), str(row.get("reason"))) for row in rejects)
    return [{"source": source, "reason": reason, "records": count} for (source, reason), count in counts.most_common()]
