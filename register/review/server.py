"""A guarded server on this machine alone, for pages that show what is confidential."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from register.errors import UsageError
from register.review.guard import HOST, App, Guard, Keys


@contextmanager
def listen(port: int) -> Iterator[socket.socket]:
    """Take a port of the loopback for as long as the block lasts; 0 for a free one.

    Raises
    ------
    UsageError
        If it is taken.
    """
    with socket.socket() as listening:
        # Not shared with a server of another user that would listen on the same port.
        try:
            listening.bind((HOST, port))
        except OSError as error:
            raise UsageError("port_taken", port=port) from error
        yield listening


def guarded(app: App, keys: Keys, refused: Callable[[str], None]) -> uvicorn.Server:
    """Return a server of an application behind `register.review.guard.Guard`; ``refused`` is told refusals."""
    config = uvicorn.Config(
        Guard(app, keys, refused), log_config=None, log_level="critical", access_log=False, server_header=False,
        lifespan="off", ws="none", http="h11", loop="asyncio", timeout_graceful_shutdown=2, limit_concurrency=32,
    )  # fmt: skip
    return uvicorn.Server(config)
