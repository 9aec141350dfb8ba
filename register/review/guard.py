"""Who may speak to the page: this machine, this browser, this session, these forms.

A page that shows names is worth attacking from a page in the same browser. So every request must carry the exact Host
(another name that leads here is refused), must not have been sent by another site, and must show the cookie that the
one-time link of this command was exchanged for; one that changes something must come from a form of this page.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from hmac import compare_digest
from http.cookies import CookieError, SimpleCookie
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

HOST = "127.0.0.1"
LARGEST_FORM = 64 * 1024
ENTRANCE = "/enter"
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "cache-control": "no-store",
    # Not no-referrer: a form would then be sent with the origin `null`.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


@dataclass
class Keys:
    """The secrets of one command: they live in its memory and end with it."""

    port: int
    token: str | None = field(default_factory=lambda: secrets.token_urlsafe(32))
    session: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    form: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def origin(self) -> str:
        """The only origin there is."""
        return f"http://{HOST}:{self.port}"

    @property
    def link(self) -> str:
        """The link that opens the session, once."""
        return f"{self.origin}{ENTRANCE}?token={self.token}"

    @property
    def cookie(self) -> str:
        """Name of the session's cookie: cookies know no ports, so the port is part of it."""
        return f"register_review_{self.port}"

    def redeem(self, token: str) -> bool:
        """Say whether a token is the one of the link; a token is good once."""
        good = self.token is not None and compare_digest(token.encode(), self.token.encode())
        if good:
            self.token = None
        return good

    def set_cookie(self) -> str:
        """Return the header that hands the session to the browser, for this page alone and not for scripts."""
        return f"{self.cookie}={self.session}; Path=/; HttpOnly; SameSite=Strict"

    def is_form(self, value: str) -> bool:
        """Say whether a form was made by this page."""
        return compare_digest(value.encode(), self.form.encode())


class Guard:
    """ASGI middleware that refuses what is not this session's, and tells browsers to keep nothing and load nothing.

    ``refused`` is told the reason of each refusal.
    """

    def __init__(self, app: App, keys: Keys, refused: Callable[[str], None] = lambda _: None) -> None:
        self._app = app
        self._keys = keys
        self._refused = refused

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            return
        reason, status = self._judge(scope)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = [
                    pair for pair in message.get("headers", ()) if pair[0].decode().lower() not in HEADERS
                ]
                own = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*given, *own]
            await send(message)

        if reason:
            self._refused(reason)
            await _refuse(status, send_guarded)
            return
        try:
            await self._app(scope, receive, send_guarded)
        except Exception as error:
            # Its text may quote a row, and so a name: the log is told the kind alone. The answer was sent already.
            self._refused(type(error).__name__)

    def _judge(self, scope: Message) -> tuple[str, int]:
        """Return why a request is refused, and the status; an empty reason if it is not."""
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        if headers.get("host") != [f"{HOST}:{self._keys.port}"]:
            return "host", 421
        if scope["method"] not in ("GET", "POST"):
            return "method", 405
        if any(site not in ("same-origin", "none") for site in headers.get("sec-fetch-site", ())):
            return "site", 403
        if any(origin != self._keys.origin for origin in headers.get("origin", ())):
            return "origin", 403
        if scope["method"] == "POST":
            if "origin" not in headers:
                return "origin", 403
            length = headers.get("content-length", [""])[0]
            if not length.isdigit() or int(length) > LARGEST_FORM:
                return "size", 413
        if not self._has_session(headers) and not (scope["method"] == "GET" and scope["path"] == ENTRANCE):
            return "session", 403
        return "", 200

    def _has_session(self, headers: dict[str, list[str]]) -> bool:
        for line in headers.get("cookie", ()):
            try:
                found = SimpleCookie(line).get(self._keys.cookie)
            except CookieError:
                continue
            if found and compare_digest(found.value.encode(), self._keys.session.encode()):
                return True
        return False


async def _refuse(status: int, send: Send) -> None:
    body = f"{status}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
