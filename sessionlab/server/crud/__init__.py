"""The other stores over HTTP: resources and verbs, pages, and tags that keep two writers apart."""

from __future__ import annotations

from fastapi import APIRouter

from sessionlab.server.crud import codegen, conversations, worktree

router = APIRouter(prefix="/api")
for part in (codegen, conversations, worktree):
    router.include_router(part.router)
