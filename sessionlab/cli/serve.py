"""The command that serves the dashboard and the REST API."""

from __future__ import annotations

import logging
import re
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sessionlab.cli.options import lab_option

if TYPE_CHECKING:
    from sessionlab.stores.base import Store

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


class _Span(click.ParamType[float]):
    """A span of time, as ``10s``, ``5m`` or ``1h``; seconds."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", str(value).strip())
        if found is None or float(found[1]) <= 0:
            self.fail(f"{value!r} is no span of time; write 10s, 5m or 1h.", param, ctx)
        return float(found[1]) * _UNITS[found[2]]


class _StoreUrl(click.ParamType[tuple[str, str]]):
    """A store, as ``workflow=postgresql://…``."""

    name = "kind=url"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        kind, sign, url = str(value).partition("=")
        if not sign or not kind or not url:
            self.fail("a store is KIND=URL, as workflow=sqlite:///workflow.db.", param, ctx)
        return kind, url


@click.command()
@lab_option
@click.option("--store", "stores", multiple=True, type=_StoreUrl(), metavar="KIND=URL", help="A store to serve too.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address; others than this need a token.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 for any free one.")
@click.option("--token", envvar="SESSIONLAB_TOKEN", show_envvar=True, help="What a caller must know.")
@click.option("--allow-host", "hosts", multiple=True, metavar="NAME", help="A name under which it may be asked for.")
@click.option("--refresh", type=_Span(), metavar="SPAN", help="Load again what changed, every 10s, 5m, 1h.")
@click.option(
    "--sql-seconds",
    default=10.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="How long a query may take.",
)
@click.option(
    "--sql-memory",
    default=512,
    show_default=True,
    type=click.IntRange(min=64),
    help="How many MB of memory a query may take.",
)
@click.option(
    "--memory",
    default=2048,
    show_default=True,
    type=click.IntRange(min=64),
    help="How many MB of memory the lab may take; beyond it, it works on disk.",
)
@click.option("--log", is_flag=True, help="Write a line of JSON for each request on stderr.")
def serve(
    lab_path: Path,
    stores: tuple[tuple[str, str], ...],
    host: str,
    port: int,
    token: str | None,
    hosts: tuple[str, ...],
    refresh: float | None,
    sql_seconds: float,
    sql_memory: int,
    memory: int,
    *,
    log: bool,
) -> None:
    """Serve the live dashboard and the REST API; Ctrl-C ends it.

    \b
    sessionlab serve --refresh 10s
    sessionlab serve --store workflow=sqlite:///workflow.db
    SESSIONLAB_TOKEN=… sessionlab serve --host 0.0.0.0
    """
    from sessionlab.lab import Lab
    from sessionlab.server import create_app, start
    from sessionlab.server.assets import warm
    from sessionlab.server.sandbox import Limits

    if log:
        _log_to_stderr()
    with ExitStack() as stack:
        lab = stack.enter_context(Lab(lab_path, memory_limit=f"{memory}MB"))
        opened = _opened(stack, stores)
        limits = Limits(seconds=sql_seconds, memory=sql_memory)
        app = create_app(lab, opened, token=token, hosts=(*hosts, host), refresh=refresh, limits=limits)
        running = start(app, host, port)
        click.echo(f"{running.url}/ shows {lab_path}{'' if lab_path.exists() else ', which is not there yet'}")
        threading.Thread(target=warm, daemon=True).start()
        try:
            running.join()
        except KeyboardInterrupt:
            click.echo("ending")
        finally:
            running.stop()


def _opened(stack: ExitStack, stores: tuple[tuple[str, str], ...]) -> list[Store]:
    from sessionlab.stores import open_store

    return [stack.enter_context(open_store(kind, url)) for kind, url in stores]


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log = logging.getLogger("sessionlab.access")
    log.setLevel(logging.INFO)
    log.addHandler(handler)
