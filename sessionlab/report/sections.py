"""What stands on the page, section by section."""

from __future__ import annotations

from collections.abc import Sequence

from sessionlab.dashboard import Run, draw, read_cube
from sessionlab.dashboard.read import ALWAYS, MOST_COLUMNS
from sessionlab.display import counted
from sessionlab.report.figures import readable, tiles
from sessionlab.report.markup import Row, code, lines, section, table, tile
from sessionlab.report.origins import reasons, source
from sessionlab.report.page import Page

_VALUES = {"topic": "topics", "difficulty": "difficulties", "mode": "modes", "status": "statuses"}
"""The metrics that also tell the share of each value of a column."""


def figures(page: Page) -> None:
    """Add the tiles, and a word where there is nothing to count."""
    row = page.rows("summary")[0]
    shown = "".join(tile(*figure) for figure in tiles(row))
    empty = "" if row["sessions"] else f"<p>No sessions {'fit' if page.where else 'yet'}.</p>"
    page.add(f'<section>{empty}<div class="tiles">{shown}</div>{page.sql("summary")}</section>')


def dashboard(page: Page, run: Run, columns: Sequence[str]) -> None:
    """Add the linked chart, by those of the columns that are known and that it does not have in any case."""
    asked = [column for column in dict.fromkeys(columns) if column not in ALWAYS and page.is_known(column)]
    if beyond := asked[MOST_COLUMNS:]:
        page.missing.append(f"The linked chart has no room for {', '.join(beyond)}.")
    cube = read_cube(run, by=asked[:MOST_COLUMNS] or None, where=page.where)
    page.draw(draw(cube), code(cube.sql), kind="chart linked")


def comparisons(page: Page, columns: Sequence[str]) -> None:
    """Add success by each column, by status and over time, as far as they are known."""
    for column in dict.fromkeys((*columns, "difficulty", "mode", "status")):
        if not page.is_known(column):
            page.missing.append(f"No session has a known {column}.")
        elif column in _VALUES:
            page.compare(_VALUES[column])
        else:
            page.compare("success_rate", by=column)
    if bucket := readable(page.rows("success_rate", bucket="week")):
        page.compare("timeline", bucket=bucket)
    else:
        page.missing.append("No session has a known start.")


def efforts(page: Page) -> None:
    """Add attempts, durations, errors and winners, as far as there are any."""
    summary = page.rows("summary")[0]
    if summary["attempts_mean"] is None:
        page.missing.append("No session has a known number of attempts.")
    else:
        page.compare("attempts", by="kind")
        page.compare("attempts_distribution")
        page.unless_empty("success_by_attempt", "No session made an attempt of known outcome.", by="kind")
    if summary["duration_median_s"] is None:
        page.missing.append("No session has a known duration.")
    else:
        page.compare("durations", by="kind")
    page.unless_empty("errors", "No session has a recorded error.")
    page.unless_empty("winners", "No session is a competition with a winner.", of="agent")
    if any(row["model"] is not None for row in page.rows("winners", of="model")):
        page.compare("winners", of="model")


def left_out(page: Page) -> None:
    """Say what could not be shown."""
    if page.missing:
        page.add(section("Not shown", lines(page.missing)))


def origins(page: Page, sources: Sequence[Row], rejects: Sequence[Row]) -> None:
    """Add where the sessions come from, and what could not be loaded, by reason."""
    counts = {row["source"]: row["sessions"] for row in page.rows("success_rate", by="source")}
    shown = table([source(row, counts) for row in sources])
    page.add(section("Sources", shown or "<p>Nothing was loaded yet.</p>"))
    if rejects:
        rejected = max(len(rejects), sum(row.get("rejected") or 0 for row in sources))
        known = "" if rejected == len(rejects) else lines([f"the reasons of {len(rejects):,}"])
        heading = f"{counted(rejected, 'record')} could not be loaded"
        page.add(section(heading, known + table(reasons(rejects))))
