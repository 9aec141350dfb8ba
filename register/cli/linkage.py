"""Who is one person: train, diagnose, tune, review."""

from pathlib import Path

import typer

from register.cli.options import Text, run_option, session_of, there
from register.errors import UsageError


def add(app: typer.Typer, text: Text) -> None:
    """Add the commands."""

    @app.command(help=text("train"))
    def train(
        context: typer.Context,
        run: str | None = run_option(text),
        labels: bool = typer.Option(False, "--labels", help=text("train_labels")),
    ) -> None:
        from register.commands import train_weights
        from register.show import linkage as show

        session = session_of(context)
        project = session.project()
        show.train_report(session.console, *train_weights(project, run, from_labels=labels))

    @app.command(help=text("diagnose"))
    def diagnose(context: typer.Context, run: str | None = run_option(text)) -> None:
        from register.diagnose.command import diagnose_run

        session = session_of(context)
        diagnose_run(session.console, session.project(), run)

    @app.command(help=text("tune"))
    def tune(
        context: typer.Context,
        rules: Path | None = typer.Option(None, callback=there, help=text("tune_rules")),
        settings: list[str] | None = typer.Option(None, "--set", help=text("tune_set")),
        sample: int = typer.Option(1500, help=text("tune_sample")),
        page: bool = typer.Option(False, "--page", help=text("tune_page")),
        port: int = typer.Option(0, min=0, max=65535, show_default=False, help=text("port")),
        run: str | None = run_option(text),
    ) -> None:
        from register.tune.command import open_page, try_rules

        session = session_of(context)
        project = session.project()
        if not page:
            try_rules(session.console, project, run, rules, settings or [], sample)
        elif rules is not None or settings:
            raise UsageError("tune_page_alone")
        else:
            open_page(session.console, project, run, port)

    @app.command(help=text("review"))
    def review(
        context: typer.Context,
        reviewer: str | None = typer.Option(None, help=text("reviewer")),
        double_blind: bool = typer.Option(False, "--double-blind", help=text("double_blind")),
        show_score: bool = typer.Option(False, "--show-score", help=text("show_score")),
        export: Path | None = typer.Option(None, help=text("review_export")),
        take: Path | None = typer.Option(None, "--import", callback=there, help=text("review_import")),
        summary: bool = typer.Option(False, "--summary", help=text("review_summary")),
        port: int = typer.Option(0, min=0, max=65535, show_default=False, help=text("port")),
        run: str | None = run_option(text),
    ) -> None:
        from functools import partial

        from register.review import tell
        from register.review.command import Order
        from register.review.command import review as do

        console = session_of(context).console
        order = Order(run, reviewer, console.language, double_blind, show_score, port, export, take, summary)
        done = do(session_of(context).project(), order, partial(tell.link, console))
        tell.outcome(console, done)
