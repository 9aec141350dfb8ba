"""The page: routes and what each shows. Works without scripts; every change is a form."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from register.decisions import JUDGEMENTS, Standing
from register.engine import Engine
from register.errors import RegisterError, UsageError
from register.locale import LANGUAGES, catalogue, translate
from register.locale.numbers import decimal, number
from register.review.agreement import agreements, measure
from register.review.compare import Labels, as_written, compare
from register.review.guard import Keys
from register.review.journeys import draw
from register.review.queue import QUEUES, Item
from register.review.records import sides
from register.review.session import Session

#: What may be had from the folder `static`, and as what.
STATIC = {"style.css": "text/css", "keys.js": "text/javascript", "icon.svg": "image/svg+xml"}
#: Lines of the history page, and of each list of the progress page.
LONGEST_LIST = 200


@dataclass
class Desk:
    """What the handlers work with: one reviewer's session, the tables, the secrets and the language in use."""

    session: Session
    engine: Engine
    schema: Any
    keys: Keys
    language: str
    tell: Callable[..., None]
    finish: Callable[[], None] = lambda: None
    labels: dict[str, Labels] = field(default_factory=dict)

    def text(self, key: str, **values: object) -> str:
        """Return a text of the page in the language in use."""
        return translate(key, self.language, **values)

    @property
    def label(self) -> Labels:
        """Labels of columns and codes in the language in use."""
        if self.language not in self.labels:
            self.labels[self.language] = Labels(self.schema, self.language)
        return self.labels[self.language]


def make_app(desk: Desk) -> Starlette:
    """Return the application of a desk. It must stand behind `register.review.guard.Guard`."""
    pages = Environment(
        loader=PackageLoader("register.review"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    gets: dict[str, Callable[..., Awaitable[Response]]] = {
        "/": _start,
        "/enter": _enter,
        "/queue/{queue}": _queue,
        "/pair/{number:int}": _pair,
        "/progress": _progress,
        "/history": _history,
        "/static/{name}": _static,
    }
    show = partial(_show, desk, pages)
    posts: dict[str, Callable[..., Awaitable[Response]]] = {
        "/decide": _decide,
        "/undo": _undo,
        "/language": _language,
        "/finish": _finish,
    }
    missing = partial(_missing, desk, show)
    return Starlette(
        routes=[Route(path, partial(handle, desk, show), methods=["GET"]) for path, handle in gets.items()]
        + [
            Route(path, partial(_posted, desk, show, handle), methods=["POST"])
            for path, handle in posts.items()
        ],
        exception_handlers={404: missing, 405: missing, RegisterError: partial(_failed, desk, show)},
    )


Show = Callable[..., HTMLResponse]


def _show(desk: Desk, pages: Environment, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a page with what every page has."""
    session = desk.session
    text = pages.get_template(template).render(
        t=lambda key, **more: desk.text(f"review.{key}", **more),
        number=lambda value: number(value, desk.language),
        decimal=lambda value, places: decimal(value, places, desk.language),
        language=desk.language,
        languages=LANGUAGES,
        form_key=desk.keys.form,
        session=session,
        progress=session.progress(),
        queues=QUEUES,
        **values,
    )
    return HTMLResponse(text, status)


async def _enter(desk: Desk, _show: Show, request: Request) -> Response:
    if not desk.keys.redeem(request.query_params.get("token", "")):
        desk.tell("review.refused", reason="token")
        return HTMLResponse(f"<!DOCTYPE html><title>403</title><p>{desk.text('review.link_used')}</p>", 403)
    return RedirectResponse("/", 303, {"set-cookie": desk.keys.set_cookie()})


async def _start(desk: Desk, _show: Show, _request: Request) -> Response:
    desk.session.refresh()
    return RedirectResponse(f"/queue/{desk.session.first_queue()}", 303)


async def _queue(desk: Desk, show: Show, request: Request) -> Response:
    """Show the next open pair of a queue."""
    queue = request.path_params["queue"]
    if queue not in QUEUES:
        raise HTTPException(404)
    desk.session.refresh()
    after = request.query_params.get("after", "")
    item = desk.session.next(queue, int(after) if after.isascii() and after.isdigit() else -1)
    if item is None:
        return show("done.html", queue=queue, last=_last(desk))
    return _page(desk, show, item)


async def _pair(desk: Desk, show: Show, request: Request) -> Response:
    desk.session.refresh()
    number = request.path_params["number"]
    if number >= len(desk.session.queue.items):
        raise HTTPException(404)
    return _page(desk, show, desk.session.queue.items[number])


def _page(desk: Desk, show: Show, item: Item) -> HTMLResponse:
    """Show one pair. What the model thinks stays hidden until it is decided, and so does what others think."""
    session = desk.session
    left, right = sides(desk.engine, item.number, item.identities)
    own, standing = session.own(item), session.standing(item)
    is_mine = own is not None and own.judgement != "skip"
    others = [] if session.is_blind or not standing else [v for v in standing.voices if v.who != session.who]
    asked = session.queue.order.get(item.queue, ())
    desk.tell("review.pair", who=session.who, left=item.identities[0], right=item.identities[1])
    journeys = [
        [type(mark)(mark.day, mark.what, desk.label.code("border_post", mark.post)) for mark in side.marks]
        for side in (left, right)
    ]
    return show(
        "pair.html",
        item=item,
        queue=item.queue,
        place=asked.index(item.number) + 1 if asked else 0,
        sides=(left, right),
        fields=compare(left.identity, right.identity, desk.label),
        written=[as_written(side.identity) for side in (left, right)],
        reason=_reason(desk, item.reason),
        code=desk.label.code,
        picture=Markup(draw(journeys, desk.text)),  # noqa: S704 - drawn here, every text in it escaped
        journeys=journeys,
        own=own if is_mine else None,
        others=others,
        disagree=bool(others) and standing is not None and standing.state == "disagreed",
        score=item if (session.shows_score or is_mine) and item.weight is not None else None,
        judgements=JUDGEMENTS,
        last=_last(desk),
    )


def _reason(desk: Desk, rule: str) -> str:
    """Return the name of a conflict's rule, nothing for a pair of another queue.

    A rule without a name is called what its declaration calls it.
    """
    if not rule:
        return ""
    key = f"linkage.rule_{rule}"
    name = desk.text(key) if key in catalogue() else rule
    return desk.text("review.reason", rule=name[:1].lower() + name[1:])


def _last(desk: Desk) -> dict[str, Any] | None:
    """Return what the strip says of the last decision: now that it is made, the model's opinion can be seen."""
    last = desk.session.last
    return None if last is None else {"decision": last, "contradiction": desk.session.contradicted()}


async def _progress(desk: Desk, show: Show, _request: Request) -> Response:
    session = desk.session
    session.refresh()

    def linked(standing: Standing) -> tuple[Standing, int | None]:
        item = session.item_of(standing.pair)
        return standing, None if item is None else item.number

    contradictions = [
        (linked(found.apart), [linked(step) for step in found.chain])
        for found in session.contradictions()[:LONGEST_LIST]
    ]
    return show(
        "progress.html",
        queue="",
        disagreements=[linked(found) for found in session.disagreements()[:LONGEST_LIST]],
        contradictions=contradictions,
        agreements=[] if session.is_blind else agreements(session.tally.by_pair),
        measured=measure(session),
        record=partial(_record, desk),
    )


def _record(desk: Desk, anchor: tuple[str, str, str]) -> str:
    source, key, role = anchor
    said = f"{desk.label.code('record_source', source)} {key}"
    return said if role == "self" else f"{said} ({desk.label.code('role', role)})"


async def _history(desk: Desk, show: Show, _request: Request) -> Response:
    session = desk.session
    session.refresh()
    made = session.history()
    lines = [(decision, session.item_of(decision.pair)) for decision in made[:LONGEST_LIST]]
    return show("history.html", queue="", lines=lines, total=len(made), record=partial(_record, desk))


async def _static(_desk: Desk, _show: Show, request: Request) -> Response:
    """Return a file of the page. Only names on the list are looked at, so no path leads elsewhere."""
    name = request.path_params["name"]
    if name not in STATIC:
        raise HTTPException(404)
    content = files(__package__).joinpath("static", name).read_bytes()
    return Response(content, media_type=STATIC[name])


async def _posted(
    desk: Desk, show: Show, handle: Callable[..., Awaitable[Response]], request: Request
) -> Response:
    """Hand a form to its handler if this page made it."""
    form = await request.form(max_files=0, max_fields=20)
    values = {name: value for name, value in form.items() if isinstance(value, str)}
    if not desk.keys.is_form(values.get("form_key", "")):
        desk.tell("review.refused", reason="form")
        return Response("403\n", 403, media_type="text/plain")
    return await handle(desk, show, values)


async def _decide(desk: Desk, _show: Show, form: dict[str, str]) -> Response:
    session = desk.session
    number = form.get("item", "")
    if not (number.isascii() and number.isdigit() and int(number) < len(session.queue.items)):
        raise UsageError("bad_judgement", name=form.get("judgement", ""))
    item = session.queue.items[int(number)]
    session.refresh()
    session.decide(item, form.get("judgement", ""), form.get("note", ""), settles=form.get("settles") == "1")
    following = f"/queue/{item.queue}?after={item.number}" if item.queue in QUEUES else "/progress"
    return RedirectResponse(following, 303)


async def _undo(desk: Desk, _show: Show, form: dict[str, str]) -> Response:
    undone = desk.session.undo(form.get("decision") or None)
    item = desk.session.item_of(undone.pair) if undone else None
    return RedirectResponse(f"/pair/{item.number}" if item else "/history", 303)


async def _language(desk: Desk, _show: Show, form: dict[str, str]) -> Response:
    if form.get("language") in LANGUAGES:
        desk.language = form["language"]
    back = form.get("back", "/")
    return RedirectResponse(back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/", 303)


async def _finish(desk: Desk, show: Show, _form: dict[str, str]) -> Response:
    desk.finish()
    return show("finished.html", queue="")


async def _missing(desk: Desk, show: Show, _request: Request, _error: Exception | None) -> Response:
    return show(
        "message.html",
        404,
        queue="",
        title=desk.text("review.missing"),
        message=desk.text("review.missing_note"),
    )


async def _failed(desk: Desk, show: Show, _request: Request, error: Exception) -> Response:
    """Say what went wrong in the catalogue's words; nothing that was decided is lost."""
    message = error.message(desk.language) if isinstance(error, RegisterError) else ""
    status = 400 if isinstance(error, UsageError) else 500
    return show("message.html", status, queue="", title=desk.text("review.failed"), message=message)
