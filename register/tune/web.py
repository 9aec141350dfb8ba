"""The page of ``register tune``: the rules as a form, and beside it what they would do.

Served as the page of a review is: on this machine alone, behind `register.review.guard`, without scripts. It shows no
names; it shows persons, and so it is guarded all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from register.errors import RegisterError, UsageError
from register.link.words import Words
from register.linked import rules_of
from register.locale import LANGUAGES, translate
from register.locale.numbers import decimal
from register.project import Project
from register.review.guard import Keys
from register.review.server import guarded, listen
from register.run import Run, find_run
from register.tune.form import TICKED, Form, make_form
from register.tune.run import Tuning, tune
from register.tune.sample import PERSONS
from register.tune.tell import head, persons, weight

LARGEST_SAMPLE = 100_000
SHOWN = 25


@dataclass
class Bench:
    """One session of the page: what was asked last, and what came of it."""

    project: Project
    run: Run
    keys: Keys
    language: str
    filled: dict[str, str] = field(default_factory=dict)
    found: Tuning | None = None
    error: str = ""
    finish: Callable[[], None] = lambda: None
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    def text(self, key: str, **values: object) -> str:
        """Return a text of the page."""
        return translate(f"tune.{key}", self.language, **values)

    def form(self) -> Form:
        """Return the form of the run's rules."""
        concepts = self.project.schema().concepts
        labels = {name: concept.label[self.language] for name, concept in concepts.items()}
        rules = rules_of(self.project, self.run)
        return make_form(rules, Words(rules, labels, self.language))


def make_app(bench: Bench) -> Starlette:
    """Return the application of a session. It must stand behind `register.review.guard.Guard`."""
    pages = Environment(
        loader=PackageLoader("register.tune"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    posts = {"/try": _try, "/language": _language, "/finish": _finish}
    return Starlette(
        routes=[
            Route("/", partial(_page, bench, pages), methods=["GET"]),
            Route("/enter", partial(_enter, bench), methods=["GET"]),
            Route("/static/style.css", _style, methods=["GET"]),
            *(
                Route(path, partial(_posted, bench, handle), methods=["POST"])
                for path, handle in posts.items()
            ),
        ],
    )


def serve(
    project: Project, run_name: str | None, language: str, port: int, ready: Callable[[str, str], None]
) -> None:
    """Serve the page until it is ended; ``ready`` is told its link and the run.

    Raises
    ------
    UsageError
        If the port is taken, or there is no run that can be tried.
    """
    run = find_run(project.runs, run_name)
    if "events" not in run.stages:
        raise UsageError("table_not_built", table="event", run=run.name)
    with listen(port) as listening:
        bench = Bench(project, run, Keys(listening.getsockname()[1]), language)
        bench.form()
        server = guarded(make_app(bench), bench.keys, lambda reason: run.log("tune.refused", reason=reason))

        def finish() -> None:
            server.should_exit = True

        bench.finish = finish
        listening.listen()
        ready(bench.keys.link, run.name)
        # Ctrl-C in the terminal is the ordinary end of a session.
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listening])


async def _enter(bench: Bench, request: Request) -> Response:
    if not bench.keys.redeem(request.query_params.get("token", "")):
        return HTMLResponse(f"<!DOCTYPE html><title>403</title><p>{bench.text('link_used')}</p>", 403)
    return RedirectResponse("/", 303, {"set-cookie": bench.keys.set_cookie()})


async def _page(bench: Bench, pages: Environment, _request: Request) -> Response:
    """Show the form as it was last filled in, and what came of it."""
    form = bench.form()
    found = bench.found
    values = {**form.values, "block.add": "", "sample": str(PERSONS), **bench.filled}
    ticked = {name for name, value in form.values.items() if value == TICKED}
    if bench.filled:
        ticked &= {name for name, value in bench.filled.items() if value == TICKED}
    text = pages.get_template("tune.html").render(
        t=bench.text,
        language=bench.language,
        languages=LANGUAGES,
        form_key=bench.keys.form,
        run=bench.run.name,
        form=form,
        values=values,
        ticked=ticked,
        changed={change.key for change in form.changes(bench.filled)} if bench.filled else set(),
        error=bench.error,
        found=found,
        lines=list(head(found, bench.text, bench.language)) if found else [],
        command=_command(found) if found else "",
        weight=lambda bits: weight(bits, bench.language),
        decimal=lambda value, **more: decimal(value, 2, bench.language, **more),
        persons=persons,
        shown=SHOWN,
    )
    return HTMLResponse(text)


def _command(found: Tuning) -> str:
    """Return the command that asks the same."""
    settings = " ".join(
        f'--set "{change}"' if " " in change else f"--set {change}" for change in found.changes
    )
    return f"register tune {settings} --sample {found.sample.persons}"


async def _posted(bench: Bench, handle: Callable[..., Any], request: Request) -> Response:
    """Hand a form to its handler if this page made it."""
    form = await request.form(max_files=0, max_fields=2_000)
    values = {name: value for name, value in form.items() if isinstance(value, str)}
    if not bench.keys.is_form(values.pop("form_key", "")):
        bench.run.log("tune.refused", reason="form")
        return Response("403\n", 403, media_type="text/plain")
    answer: Response = await handle(bench, values)
    return answer


async def _try(bench: Bench, values: Mapping[str, str]) -> Response:
    """Try what the form proposes; one trial at a time."""
    async with bench.busy:
        bench.filled, bench.error, bench.found = dict(values), "", None
        try:
            form = bench.form()
            size = _sample(values.get("sample", ""))
            changes = form.changes(values)
            if not changes:
                raise UsageError("tune_no_change")
            bench.found = await run_in_threadpool(
                tune, bench.project, bench.run.name, changes=changes, persons=size
            )
        except RegisterError as error:
            bench.error = error.message(bench.language)
    return RedirectResponse("/#found", 303)


def _sample(written: str) -> int:
    if not (written.isascii() and written.isdigit() and 0 < int(written) <= LARGEST_SAMPLE):
        raise UsageError("tune_number", key="--sample", value=written)
    return int(written)


async def _language(bench: Bench, values: Mapping[str, str]) -> Response:
    if values.get("language") in LANGUAGES:
        bench.language = values["language"]
        bench.error = ""
    return RedirectResponse("/", 303)


async def _finish(bench: Bench, _values: Mapping[str, str]) -> Response:
    bench.finish()
    said = bench.text("ended")
    return HTMLResponse(
        f'<!DOCTYPE html><html lang="{bench.language}"><head><title>{said}</title></head>'
        f"<body><main><h1>{said}</h1></main></body></html>"
    )


async def _style(_request: Request) -> Response:
    content = files(__package__).joinpath("static", "style.css").read_bytes()
    return Response(content, media_type="text/css")
