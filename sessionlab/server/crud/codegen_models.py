"""What the store of codegen says and takes over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from sessionlab.server.crud.resources import Body, Text

ErrorType = Literal["syntax", "runtime"]


class Session(BaseModel):
    """A design goal."""

    id: int = Field(examples=[1])
    design_goal: str = Field(examples=["reverse a list"])
    parent_session_id: int | None = Field(description="The session that it goes on from.")
    created_at: datetime | None


class Iteration(BaseModel):
    """A try at the goal."""

    id: int = Field(examples=[1])
    session_id: int = Field(examples=[1])
    code: str | None = Field(examples=["return x[::-1]"])
    feedback: str | None = Field(examples=["Handle the empty list."])
    created_at: datetime | None


class Error(BaseModel):
    """An error that an iteration made."""

    id: int = Field(examples=[1])
    iteration_id: int = Field(examples=[1])
    error_type: str | None = Field(examples=["runtime"])
    error_message: str | None = Field(examples=["IndexError: list index out of range"])
    error_line: int | None = Field(examples=[3])
    created_at: datetime | None


class Sessions(BaseModel):
    """A page of sessions, the newest first."""

    sessions: list[Session]
    next: str | None


class Iterations(BaseModel):
    """A session's iterations, in order."""

    iterations: list[Iteration]
    next: str | None


class Errors(BaseModel):
    """An iteration's errors, in order."""

    errors: list[Error]
    next: str | None


class IterationWithErrors(Iteration):
    """An iteration with its errors."""

    errors: list[Error]


class History(Session):
    """A session with all that is below it."""

    iterations: list[IterationWithErrors]


class NewSession(Body):
    """A session to add."""

    design_goal: Text = Field(examples=["reverse a list"])
    parent_session_id: int | None = Field(None, ge=1, le=2**63 - 1, strict=True)


class SessionChange(Body):
    """What a session is changed to."""

    design_goal: Text = Field(examples=["reverse a list in place"])


class NewIteration(Body):
    """An iteration to add."""

    code: Text = Field(examples=["return x[::-1]"])
    feedback: Text | None = Field(None, examples=["Handle the empty list."])


class IterationChange(Body):
    """What an iteration is changed to; what is left out stays, and null clears the feedback."""

    code: Text = Field("", examples=["return list(reversed(x))"])
    feedback: Text | None = Field(None, examples=[None])


class NewError(Body):
    """An error to add."""

    error_type: ErrorType | None = Field(None, examples=["runtime"])
    error_message: Text | None = Field(None, examples=["IndexError: list index out of range"])
    error_line: int | None = Field(None, ge=0, le=2**31 - 1, strict=True, examples=[3])


class ErrorChange(Body):
    """What an error is changed to."""

    error_message: Text | None = Field(examples=["IndexError: pop from empty list"])
    error_line: int | None = Field(None, ge=0, le=2**31 - 1, strict=True, examples=[4])
