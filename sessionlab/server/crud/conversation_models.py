"""What the store of conversations says and takes over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from sessionlab.server.crud.resources import Body, Text

EXAMPLE_ID = "0199d3c6-7c1e-7a8e-8d4f-0c2f6a1b2c3d"
Metadata = Annotated[dict[str, Any] | None, Field(examples=[{"topic": "sorting"}])]


class Conversation(BaseModel):
    """A session of a user."""

    session_id: str = Field(examples=[EXAMPLE_ID])
    user_id: str = Field(examples=["user-1"])
    start_time: datetime | None
    end_time: datetime | None = Field(description="Null while it goes on.")
    metadata: Any = Field(examples=[{"topic": "sorting"}])


class Context(BaseModel):
    """What was given to a session."""

    context_id: str
    session_id: str
    content: str = Field(examples=["You are a careful engineer."])
    type: str = Field(examples=["system"])
    created_at: datetime | None


class Message(BaseModel):
    """A message."""

    conversation_id: str
    session_id: str
    message_role: str = Field(examples=["user"])
    content: str = Field(examples=["How do I sort a list?"])
    timestamp: datetime | None
    metadata: Any


class Conversations(BaseModel):
    """A page of sessions, the newest first."""

    conversations: list[Conversation]
    next: str | None


class Contexts(BaseModel):
    """A session's contexts, in order."""

    contexts: list[Context]
    next: str | None


class Messages(BaseModel):
    """A session's messages, in order."""

    messages: list[Message]
    next: str | None


class NewConversation(Body):
    """A session to begin."""

    user_id: str = Field(max_length=1000, examples=["user-1"])
    metadata: Metadata = None


class ConversationChange(Body):
    """What a session is changed to; what is left out stays, and null clears the metadata."""

    user_id: str = Field("", max_length=1000, examples=["user-2"])
    metadata: Metadata = None


class End(Body):
    """What is known at the end."""

    metadata: Metadata = Field(None, examples=[{"success": True}], description="Put beside the metadata that is there.")


class NewContext(Body):
    """A context to give."""

    content: Text = Field(examples=["You are a careful engineer."])
    type: str = Field(max_length=1000, examples=["system"])


class NewMessage(Body):
    """A message to add."""

    message_role: str = Field(max_length=1000, examples=["user"])
    content: Text = Field(examples=["How do I sort a list?"])
    metadata: Metadata = None
