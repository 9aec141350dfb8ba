"""Typer's own words in the user's language: the headings of a help page, and what is wrong with a command typed.

Typer speaks English only. A help page is translated where its fixed words stand; an error is told anew from what it
knows (the option, the argument, the value). A kind of error that is not known here keeps Typer's sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from register.cli.options import GLOBAL_VALUES
from register.errors import suggest
from register.locale import translate

# What Typer writes, and the message that stands for it. A heading is matched with the line break before it, so that no
# word inside a sentence is touched.
_HELP_WORDS = {
    "Usage: ": "usage.usage",
    "\nArguments:\n": "usage.arguments",
    "\nOptions:\n": "usage.options",
    "\nCommands:\n": "usage.commands",
    "[required]": "usage.required",
    "[default:": "usage.default",
    " [OPTIONS]": "usage.options_mark",
    " COMMAND [ARGS]...": "usage.command_mark",
}
#: Letters of the first sentence of a command's help that the list of commands shows.
WHOLE = 1_000
# The help of options that Typer adds by itself.
_OPTION_HELP = {
    "--help": "usage.help_option",
    "--install-completion": "usage.install_completion",
    "--show-completion": "usage.show_completion",
}


def help_in(language: str, page: str) -> str:
    """Return a help page of Typer with its fixed words in a language."""
    for word, key in _HELP_WORDS.items():
        start, end = ("\n" if word.startswith("\n") else ""), ("\n" if word.endswith("\n") else "")
        page = page.replace(word, f"{start}{translate(key, language)}{end}")
    return page


def _parameters_in(language: str, parameters: list[Any]) -> list[Any]:
    """Let parameters show their names, kinds and Typer's own help in a language."""
    for parameter in parameters:
        for name in parameter.opts:
            if name in _OPTION_HELP:
                parameter.help = translate(_OPTION_HELP[name], language)
        if parameter.param_type_name == "argument":
            parameter.metavar = argument_name(parameter.name, language)
        kind = translate(f"usage.kind_{_kind(parameter)}", language)
        parameter.display_type = lambda ctx, kind=kind: f"<{kind}>"  # noqa: ARG005 - as Typer calls it
    return parameters


def argument_name(name: str, language: str) -> str:
    """Return what an argument is called on a help page."""
    return translate(f"usage.argument_{name}", language)


def _kind(parameter: Any) -> str:
    written = str(parameter.type_descriptor.annotation)
    kinds = {"Path": "path", "int": "number", "float": "number"}
    return next((kind for name, kind in kinds.items() if name in written), "text")


class Application(typer.Typer):
    """A Typer application whose pages and errors speak one language."""

    def __init__(self, language: str, **settings: Any) -> None:
        class Group(TyperGroup):
            def get_short_help_str(self, limit: int = WHOLE) -> str:  # noqa: ARG002
                return super().get_short_help_str(WHOLE)

            def get_params(self, ctx: Any) -> list[Any]:
                return _parameters_in(language, super().get_params(ctx))

            def get_help(self, ctx: Any) -> str:
                return help_in(language, super().get_help(ctx))

        class Command(TyperCommand):
            def get_short_help_str(self, limit: int = WHOLE) -> str:  # noqa: ARG002 - a sentence cut says little
                return super().get_short_help_str(WHOLE)

            def get_params(self, ctx: Any) -> list[Any]:
                return _parameters_in(language, super().get_params(ctx))

            def get_help(self, ctx: Any) -> str:
                return help_in(language, super().get_help(ctx))

        self.language = language
        super().__init__(cls=Group, no_args_is_help=True, rich_markup_mode=None, **settings)
        self._command_class = Command

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Any], Any]:
        """Register a command, as Typer does, with a help page in the application's language."""
        return super().command(name, cls=self._command_class, **settings)


def problem(error: TyperException, language: str) -> str:
    """Return in a sentence what is wrong with a command typed.

    Typer's exceptions are told apart by the name of their class: the classes themselves are not public.
    """
    kind = type(error).__name__
    context = getattr(error, "ctx", None)
    if kind == "NoSuchOption":
        word = str(getattr(error, "option_name", ""))
        if word in GLOBAL_VALUES:
            # A global option that ends the line: there was nothing to move to the front with it.
            return translate("usage.needs_value", language, name=word)
        known = [name for parameter in context.command.params for name in parameter.opts] if context else []
        return translate("usage.no_such_option", language, word=word, suggestion=_near(word, known, language))
    extra = re.search(r"unexpected extra argument\(s\) \((.*)\)", error.format_message())
    if extra:
        return translate("usage.too_many", language, words=extra[1])
    if kind == "UsageError" and context is not None and hasattr(context.command, "commands"):
        # Only an unknown command raises this of a group.
        word = error.format_message().split("'")[1] if "'" in error.format_message() else ""
        known = list(context.command.commands)
        return translate(
            "usage.no_such_command", language, word=word, suggestion=_near(word, known, language)
        )
    parameter = getattr(error, "param", None)
    if kind == "MissingParameter" and parameter is not None:
        return translate("usage.missing_parameter", language, name=_written(parameter))
    if kind == "BadParameter" and parameter is not None:
        declared = parameter.type_descriptor.parameter_info
        low, high = (getattr(declared, name, None) for name in ("min", "max"))
        if low is not None:
            key = "usage.from" if high is None else "usage.between"
            wanted = translate(key, language, low=low, high=high)
            return translate("usage.bad_parameter", language, name=_written(parameter), wanted=wanted)
        kinds = {"int": "usage.integer", "float": "usage.number"}
        key = kinds.get(_annotation(parameter), "usage.other")
        return translate(
            "usage.bad_parameter", language, name=_written(parameter), wanted=translate(key, language)
        )
    if kind == "BadOptionUsage":
        return translate("usage.needs_value", language, name=str(getattr(error, "option_name", "")))
    return error.format_message()


def _near(word: str, known: list[str], language: str) -> str:
    near = suggest(word, known)
    return translate("usage.suggestion", language, word=near) if near else ""


def _written(parameter: Any) -> str:
    """Return a parameter as the user writes it: an option with its dashes, an argument by its name."""
    longest: str = max(parameter.opts, key=len)
    return longest if longest.startswith("-") else parameter.display_name_raw.upper()


def _annotation(parameter: Any) -> str:
    described = getattr(getattr(parameter, "type_descriptor", None), "annotation", None)
    return str(getattr(described, "__name__", ""))
