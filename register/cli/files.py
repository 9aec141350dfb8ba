"""Files of one's own: link, classify, calibrate, benchmarks."""

from pathlib import Path

import typer

from register.cli.options import Text, listed, output_option, run_option, session_of, there


def add(app: typer.Typer, text: Text) -> None:
    """Add the commands."""

    @app.command(help=text("link"))
    def link(
        context: typer.Context,
        files: list[Path] = typer.Argument(..., callback=there, help=text("link_files")),
        rules: Path = typer.Option(..., callback=there, help=text("link_rules")),
        output: Path = typer.Option(..., "-o", "--output", help=text("output")),
        groups: Path | None = typer.Option(None, help=text("link_groups")),
        train: bool = typer.Option(False, "--train", help=text("link_train")),
    ) -> None:
        from register.link_files import link_files
        from register.show import files as show

        console = session_of(context).console
        report = link_files(
            files,
            rules,
            output,
            groups,
            train_first=train,
            announce=lambda blocks: console.say(
                "link.comparisons", pairs=console.number(sum(blocks.values()))
            ),
        )
        show.linked_files(console, report, output)

    @app.command(help=text("classify"))
    def classify(
        context: typer.Context,
        crossings: Path = typer.Argument(..., callback=there, help=text("crossings")),
        output: Path = typer.Option(..., "-o", "--output", help=text("verdicts_output")),
        observed_until: str = typer.Option(..., "--observed-until", help=text("observed_until")),
        threshold: int | None = typer.Option(None, help=text("threshold")),
        window: int | None = typer.Option(None, help=text("window")),
        preset: str | None = typer.Option(None, help=text("preset")),
    ) -> None:
        from register.commands import classify_file
        from register.show import files as show

        session = session_of(context)
        counts = classify_file(crossings, output, observed_until, threshold, window, preset)
        show.classified(session.console, counts, output)

    @app.command(help=text("calibrate"))
    def calibrate(
        context: typer.Context,
        survey: Path = typer.Argument(..., callback=there, help=text("survey")),
        spec: Path = typer.Option(..., "--spec", callback=there, help=text("calibration_spec")),
        output: Path = typer.Option(..., "-o", "--output", help=text("weights_output")),
        run: str | None = run_option(text),
    ) -> None:
        from register.calibrate.command import calibrate_file

        session = session_of(context)
        calibrate_file(survey, spec, output, lambda: session.project(), run, session.console)

    @app.command(help=text("benchmarks"))
    def benchmarks(
        context: typer.Context,
        spec: Path | None = typer.Option(None, "--spec", callback=there, help=text("calibration_spec")),
        day: str | None = typer.Option(None, "--date", help=text("benchmarks_date")),
        by: list[str] | None = typer.Option(None, help=text("benchmarks_by")),
        output: Path | None = output_option(text),
        run: str | None = run_option(text),
    ) -> None:
        from register.calibrate.command import write_benchmarks

        session = session_of(context)
        write_benchmarks(lambda: session.project(), run, spec, day, listed(by), output, session.console)
