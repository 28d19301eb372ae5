"""The other stores over HTTP: resources and verbs, pages, and tags that keep two writers apart."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(prefix="/api")
