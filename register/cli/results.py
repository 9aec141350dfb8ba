"""What the register says, and why: flows, stock, concordance, imputed, explain, sql, report."""

from pathlib import Path

import typer

from register.cli.options import Text, listed, output_option, run_option, session_of


def add(app: typer.Typer, text: Text) -> None:
    """Add the commands."""

    @app.command(help=text("flows"))
    def flows(
        context: typer.Context,
        by: list[str] | None = typer.Option(None, help=text("by")),
        run: str | None = run_option(text),
        output: Path | None = output_option(text),
        backtest: bool = typer.Option(False, "--backtest", help=text("backtest")),
        vintages: int = typer.Option(6, min=1, help=text("vintages")),
    ) -> None:
        from register.commands import backtest_run
        from register.show import results as show
        from register.tables import annual_flows, export_tables, flows_sql

        session = session_of(context)
        project = session.project()
        if backtest:
            show.backtest(session.console, *backtest_run(project, run, vintages, session.console))
        elif output is None:
            show.flows(session.console, project.schema(), *annual_flows(project, run, listed(by)))
        else:
            export_tables(project, flows_sql(listed(by)), output, run)

    @app.command(help=text("stock"))
    def stock(
        context: typer.Context,
        day: str = typer.Argument(..., help=text("stock_day")),
        by: list[str] | None = typer.Option(None, help=text("stock_by")),
        run: str | None = run_option(text),
    ) -> None:
        from register.population import stock_on
        from register.show import results as show

        session = session_of(context)
        project = session.project()
        found, rows = stock_on(project, day, listed(by), run)
        show.stock(session.console, project.schema(), found, day, listed(by), rows)

    @app.command(help=text("concordance"))
    def concordance(context: typer.Context, run: str | None = run_option(text)) -> None:
        from register.population import rules_side_by_side
        from register.show import results as show

        session = session_of(context)
        show.rules(session.console, *rules_side_by_side(session.project(), run))

    @app.command(help=text("imputed"))
    def imputed(context: typer.Context, run: str | None = run_option(text)) -> None:
        from register.population import imputed_by_post
        from register.show import results as show

        session = session_of(context)
        show.imputed(session.console, *imputed_by_post(session.project(), run))

    @app.command(help=text("explain"))
    def explain(
        context: typer.Context,
        target: list[str] = typer.Argument(..., help=text("asked")),
        run: str | None = run_option(text),
        picture: Path | None = typer.Option(None, "--svg", help=text("picture")),
        output: Path | None = typer.Option(None, "-o", "--output", help=text("units")),
    ) -> None:
        from register.trace.command import explain as explain_target

        session = session_of(context)
        explain_target(session.console, session.project(), target, run, picture, output)

    @app.command(help=text("sql"))
    def sql(
        context: typer.Context,
        query: str = typer.Argument(..., help=text("query")),
        run: str | None = run_option(text),
        output: Path | None = output_option(text),
    ) -> None:
        from register.tables import export_tables, query_text

        session = session_of(context)
        project = session.project()
        if output is None:
            session.console.write(query_text(project, query, run, as_json=session.console.as_json))
        else:
            export_tables(project, query, output, run)

    @app.command(help=text("report"))
    def report(
        context: typer.Context,
        method: str | None = typer.Option(None, help=text("method")),
        month: str | None = typer.Option(None, help=text("month")),
        run: str | None = run_option(text),
    ) -> None:
        from register.commands import make_release
        from register.show import results as show

        session = session_of(context)
        show.release(session.console, make_release(session.project(), run, method, month))
