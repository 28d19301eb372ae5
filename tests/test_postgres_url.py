"""What Postgres URLs may look like, and that their password is never seen."""

from __future__ import annotations

import pytest

from sessionlab.errors import SourceError
from sessionlab.postgres_url import PostgresUrl

ENVIRONMENT = {
    "POSTGRES_HOST": "db.example",
    "POSTGRES_PORT": "5433",
    "POSTGRES_USER": "ann",
    "POSTGRES_PASSWORD": "s3cret",
    "POSTGRES_DB": "levelup",
}
PATIENCE = "connect_timeout=15"


def parts(url: str, environment: dict[str, str] | None = None) -> tuple[str, str, str, str, str, str]:
    found = PostgresUrl.parse(url, environment or {})
    return found.host, found.port, found.user, found.password, found.database, found.schema


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p@h:1/d", ("h", "1", "u", "p", "d", "public")),
        ("postgres://u@h/d", ("h", "", "u", "", "d", "public")),
        ("postgresql://h", ("h", "", "", "", "", "public")),
        ("postgresql://", ("", "", "", "", "", "public")),
        ("postgresql:///d?host=/var/run/Postgres&port=6", ("/var/run/Postgres", "6", "", "", "d", "public")),
        ("postgresql://%2Fvar%2FRun/d", ("/var/Run", "", "", "", "d", "public")),
        ("postgresql://u:p%40s%2Fs%3A%23%25+%3F@h/d", ("h", "", "u", "p@s/s:#%+?", "d", "public")),
        ("postgresql://u:p#x@h/d", ("h", "", "u", "p#x", "d", "public")),
        ("postgresql://[::1]:5/d", ("::1", "5", "", "", "d", "public")),
        ("postgresql://h/d?schema=My%20%22schema%22", ("h", "", "", "", "d", 'My "schema"')),
        ("postgresql://h/d?user=u&password=p%26+x&dbname=other", ("h", "", "u", "p&+x", "d", "public")),
        ("postgresql://h/my%20db", ("h", "", "", "", "my db", "public")),
        ("postgresql://u:@/postgres?host=/tmp/x", ("/tmp/x", "", "u", "", "postgres", "public")),
    ],
)
def test_parts(url: str, expected: tuple[str, ...]) -> None:
    found = parts(url)
    assert found == expected
    assert parts(PostgresUrl.parse(url, {}).for_driver())[:5] == expected[:5]


def test_the_environment_fills_up_what_is_left_out() -> None:
    assert parts("postgresql://", ENVIRONMENT) == ("db.example", "5433", "ann", "s3cret", "levelup", "public")
    assert parts("postgresql://bob:x@h:1/d", ENVIRONMENT) == ("h", "1", "bob", "x", "d", "public")
    assert parts("postgresql:///other?schema=lab", ENVIRONMENT)[4:] == ("other", "lab")


@pytest.mark.parametrize(
    "url", ["postgresql://u:p/a@h/d", "postgresql://u:hunter2@h:port/d", "postgresql:d", "postgresql://u:a@hunter2@h/d"]
)
def test_unreadable(url: str) -> None:
    """Nothing of such a URL is shown, as the password may stand anywhere in it."""
    with pytest.raises(SourceError, match="Postgres URL cannot be read") as caught:
        PostgresUrl.parse(url, {})
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_for_driver() -> None:
    found = PostgresUrl.parse("postgres://a b:p@h/d?schema=lab&sslmode=require&application_name=a b", {})
    assert found.for_driver() == f"postgresql://a%20b:p@h/d?{PATIENCE}&sslmode=require&application_name=a%20b"
    assert "connect_timeout=3" in PostgresUrl.parse("postgres://h/d?connect_timeout=3", {}).for_driver()
    assert PATIENCE not in PostgresUrl.parse("postgres://h/d?connect_timeout=3", {}).for_driver()


def test_no_password_is_shown() -> None:
    found = PostgresUrl.parse("postgresql://ann:hunt%40r2@h/d?schema=lab&sslpassword=hunter3", {})
    error = found.refused(ValueError("no: postgresql://ann:hunt%40r2@h/d hunt@r2 hunter3 host=x://y:z@"))
    for text in (found.without_password(), found.name(), repr(found), str(found), str(error)):
        assert "hunt@r2" not in text
        assert "hunt%40r2" not in text
        assert "hunter3" not in text
    assert found.without_password() == "postgresql://ann@h/d?schema=lab"
    assert "x://y:***@" in str(error)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://u@h/levelup", "levelup"),
        ("postgresql://u@h/levelup?schema=lab", "levelup.lab"),
        ("postgresql://u@h", "u"),
        ("postgresql://", "postgres"),
    ],
)
def test_names(url: str, name: str) -> None:
    assert PostgresUrl.parse(url, {}).name() == name


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ('FATAL: password authentication failed for user "u"', "refuses the password"),
        ("fe_sendauth: no password supplied", "POSTGRES_PASSWORD"),
        ("connection refused", "cannot be reached"),
        ('could not translate host name "h" to address', "cannot be reached"),
        ("ERROR: permission denied for table session", "GRANT"),
        ('FATAL: database "d" does not exist', "not there"),
        ("something else", "refused"),
    ],
)
def test_hints(said: str, hint: str) -> None:
    assert hint in str(PostgresUrl.parse("postgresql://u@h/d", {}).refused(ValueError(said)))
