"""The least that FastAPI does for a POST: a model in, a model out, no authentication, no store."""

from __future__ import annotations

from fastapi import FastAPI
from pydantic import BaseModel


class Wish(BaseModel):
    """What comes in: as much as a hold's body."""

    mark: str


class Greeting(BaseModel):
    """What goes out."""

    mark: str
    greeting: str


async def greet(wish: Wish) -> Greeting:
    """Hello, world."""
    return Greeting(mark=wish.mark, greeting="hello, world")


def create_app() -> FastAPI:
    """The app, bare."""
    app = FastAPI()
    app.post("/hello", status_code=201)(greet)
    return app
