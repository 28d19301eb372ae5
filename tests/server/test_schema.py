"""The app against its own description: whatever is asked, nothing fails, and what is answered was announced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from sessionlab import Lab
from sessionlab.server import create_app, start
from sessionlab.stores import STORES, open_store

STATED = [not_a_server_error, status_code_conformance, content_type_conformance]


@pytest.fixture(scope="module")
def url(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("schema")
    with ExitStack() as stack:
        stores = [stack.enter_context(open_store(kind, folder / f"{kind}.db")) for kind in STORES]
        app = create_app(lab, stores, lambda **_: {"tests_passed": True, "code": "print()"})
        yield stack.enter_context(start(app)).url


QUICK = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    database=None,
)


def ask_all(operation: Any, asked: Counter[str], session: requests.Session) -> None:
    """Ask for all sorts of things at one endpoint."""

    @QUICK
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        asked[operation.label] += 1
        case.call_and_validate(checks=STATED, session=session)

    ask()


def test_whatever_is_asked(url: str) -> None:
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json").exclude(path="/api/events")  # it never ends
    asked = Counter[str]()
    with requests.Session() as session:
        for found in schema.get_all_operations():
            assert isinstance(found, Ok)
            ask_all(found.ok(), asked, session)
    assert len(asked) >= 35
    assert sum(asked.values()) > 2 * len(asked)


def test_the_description_is_whole(url: str) -> None:
    described = httpx.get(f"{url}/openapi.json").json()
    assert len(described["paths"]) >= 25
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            assert operation["description"], (method, path)
            assert operation["tags"], (method, path)
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert all(path.split("{")[0].rstrip("/") in text for path in described["paths"] if path.count("/") <= 2)


STORES_OF = ("/api/codegen/", "/api/conversations", "/api/worktree/")


def test_the_description_says_what_is_refused(url: str) -> None:
    described = httpx.get(f"{url}/openapi.json").json()
    (scheme,) = described["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    operations = [
        (method, operation)
        for path, methods in described["paths"].items()
        if path.startswith(STORES_OF)
        for method, operation in methods.items()
    ]
    assert Counter(method for method, _ in operations) == {"get": 15, "post": 9, "patch": 6, "delete": 2}
    for method, operation in operations:
        always = {"401", "403", "404", "421", "503"} | ({"400", "413", "422"} if method in {"post", "patch"} else set())
        assert always <= operation["responses"].keys(), operation["operationId"]
        assert operation["security"]
        tags = [each for each in operation.get("parameters", []) if each["name"].lower() == "if-match"]
        assert [each["required"] for each in tags if method == "patch"] == [True] * (method == "patch")


def test_the_description_says_what_values_may_be(url: str) -> None:
    described = httpx.get(f"{url}/openapi.json").json()

    def schemas(path: str) -> dict[str, Any]:
        return {each["name"]: each["schema"] for each in described["paths"][path]["get"]["parameters"]}

    assert schemas("/api/conversations/{identity}")["identity"]["format"] == "uuid"
    asked = schemas("/api/worktree/sessions")
    assert asked["order"]["enum"] == ["changed", "created"]
    assert asked["session_type"]["anyOf"][0]["items"]["enum"] == ["competition", "ensemble", "debate"]
    assert asked["status"]["anyOf"][0]["items"]["enum"] == ["running", "completed", "failed", "paused"]
    status = described["components"]["schemas"]["NewStatus"]["properties"]["status"]["enum"]
    assert status == ["idle", "running", "completed", "failed", "paused", "archived"]
