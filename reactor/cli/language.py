"""The language a command speaks: `--lang`, else REACTOR_LANG; and the help and refusals of click in it."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any

import click

from reactor import words
from reactor.settings import language
from reactor.words import Lang

_CHOSEN = "reactor.lang"
_VARIABLE = "REACTOR_LANG"


def _choose(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.meta[_CHOSEN] = value  # one dictionary for a command and all that it stands in


lang_option = click.Option(
    ["--lang"],
    type=click.Choice(["en", "zh"]),
    help="The language of what is printed.  [default: REACTOR_LANG]",
    is_eager=True,
    expose_value=False,
    callback=_choose,
)


def lang() -> Lang:
    """The language of the command that runs."""
    context = click.get_current_context(silent=True)
    chosen: Lang | None = context.meta.get(_CHOSEN) if context else None
    return chosen or language(os.environ)


def environ() -> Mapping[str, str]:
    """This process's environment, in which REACTOR_LANG says what `--lang` said."""
    if lang() == language(os.environ):
        return os.environ
    others = {name: value for name, value in os.environ.items() if name != f"{_VARIABLE}_FILE"}
    return {**others, _VARIABLE: lang()}


def speak(text: str, **values: object) -> str:
    """Say an English text in the language of the command that runs."""
    return words.say(text, lang(), **values)


class _Formatter(click.HelpFormatter):
    """Help, whose English texts are keys like all others."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, f"{speak('Usage:')} " if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        super().write_heading(speak(heading))

    def write_text(self, text: str) -> None:
        super().write_text(speak(text))

    def write_dl(self, rows: Iterable[tuple[str, str]], *args: Any, **named: Any) -> None:
        super().write_dl([(name, _help(text)) for name, text in rows], *args, **named)


def _help(text: str) -> str:
    """The text of an option, and what stands behind it in brackets, each by itself."""
    return "  ".join(words.retell(part, lang()) for part in re.split(r"  (?=\[)", text))


class _Context(click.Context):
    formatter_class = _Formatter


class Program(click.Group):
    """All commands, in chapters; every one of them takes `--lang`."""

    context_class = _Context

    def __init__(self, *args: Any, chapters: Mapping[str, Sequence[click.Command]], **named: Any) -> None:
        super().__init__(*args, **named)
        self._chapters = chapters
        for command in (command for chapter in chapters.values() for command in chapter):
            self.add_command(command)
        _teach(self)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- click's
        """Write the chapters."""
        for heading, commands in self._chapters.items():
            with formatter.section(heading):
                formatter.write_dl([(one.name or "", one.get_short_help_str()) for one in commands])

    def make_context(self, *args: Any, **named: Any) -> click.Context:
        """As click does; what is refused is said in the right language."""
        with _refusing():
            return super().make_context(*args, **named)

    def invoke(self, ctx: click.Context) -> Any:
        """As click does; what is refused is said in the right language."""
        with _refusing():
            return super().invoke(ctx)


def _teach(command: click.Command) -> None:
    """Give a command and all below it the option and the help of their own."""
    command.context_class = _Context
    command.params.append(lang_option)
    if command.help and not command.short_help:
        command.short_help = command.help.split("\n\n")[0]  # whole, for a shortened text has no twin
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        _teach(below)


class _Refusal(click.ClickException):
    """What click or a command refuses, in the reader's language."""

    def __init__(self, error: click.ClickException) -> None:
        super().__init__(words.retell(error.format_message(), lang()))
        context = getattr(error, "ctx", None)
        usage = f"{context.get_usage()}\n\n" if context else ""
        self._text = f"{usage}{speak('Error:')} {self.message}"

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(self._text, file=file, err=True)


class _WrongUsage(_Refusal):
    exit_code = 2


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except click.ClickException as error:
        if lang() == "en" or isinstance(error, _Refusal | click.exceptions.NoArgsIsHelpError):
            raise
        raise (_WrongUsage if isinstance(error, click.UsageError) else _Refusal)(error) from None
