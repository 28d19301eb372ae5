"""Tables as HTML, in the notebook's own colours."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from sessionlab.display.cells import short

# JupyterLab tells its colours by variables. Elsewhere letters keep the colour that they have, and lines are of a grey
# that shows on white and on black.
STYLE = """<style>
.sl{font-size:13px;line-height:1.45;color:var(--jp-content-font-color1,inherit)}
.sl-t{overflow:auto;max-height:34em;max-width:100%}
.sl .sl-t table{table-layout:auto;width:max-content;border-collapse:collapse;margin:.3em 0;font-size:12px;
color:inherit;background:none;border:0}
.sl .sl-t th,.sl .sl-t td{text-align:left;vertical-align:top;padding:.25em .8em;border:0;max-width:34em;
overflow-wrap:break-word;border-bottom:1px solid var(--jp-border-color2,rgba(128,128,128,.4))}
.sl .sl-t tbody tr,.sl .sl-t tbody tr:nth-child(even),.sl .sl-t thead tr{background:none}
.sl .sl-t tbody tr:hover{background:var(--jp-rendermime-table-row-hover-background,rgba(128,128,128,.15))}
.sl .sl-t thead th{position:sticky;top:0;background:var(--jp-layout-color0,var(--vscode-editor-background,transparent));
font-weight:600;white-space:nowrap}
.sl .sl-t .n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.sl td i,.sl p{color:var(--jp-content-font-color2,inherit)}.sl td i{opacity:.7}.sl p{margin:.3em 0}
</style>"""


def framed(*parts: str) -> str:
    """Put pieces of HTML into a box with the look of this package."""
    return f'{STYLE}<div class="sl">{"".join(parts)}</div>'


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a table of cells that are HTML already, with a line of heads that are not.

    >>> table(["a<b"], [["<td>1</td>"]]).removeprefix('<div class="sl-t">')
    '<table><thead><tr><th>a&lt;b</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table></div>'
    """
    head = "".join(f"<th>{html.escape(short(name))}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f'<div class="sl-t"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def facts(lines: Iterable[Sequence[str]]) -> str:
    """Write lines of a word and its values, as a table without heads."""
    body = "".join(f"<tr><th>{html.escape(word)}</th>{_texts(values)}</tr>" for word, *values in lines)
    return f'<div class="sl-t"><table><tbody>{body}</tbody></table></div>'


def _texts(values: Iterable[str]) -> str:
    return "".join(f"<td>{html.escape(short(value, 2_000))}</td>" for value in values)
