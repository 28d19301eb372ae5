"""The other stores over HTTP: resources and verbs, pages, and tags that keep two writers apart."""

from __future__ import annotations

from fastapi import APIRouter, Security
from fastapi.security import HTTPBearer

from sessionlab.server.crud import codegen, conversations, worktree
from sessionlab.server.problems import responses

# What stands in front of the app asks for the token, and refuses other sites and names; this only says so.
_TOKEN = HTTPBearer(scheme_name="token", description="The server's token, where it has one.", auto_error=False)

router = APIRouter(prefix="/api", dependencies=[Security(_TOKEN)], responses=responses(403, 421))
for part in (codegen, conversations, worktree):
    router.include_router(part.router)
