"""The program: every command under one name, and what is said when one cannot be done.

Exit codes: 0 fine, 1 the thing asked for failed or needs a person, 2 wrong usage or configuration.
"""

import click

from reactor import __version__
from reactor.cli.hands import pause, resume
from reactor.cli.joining import authorize_link, sync
from reactor.cli.output import say_to_any_terminal
from reactor.cli.pushing import push
from reactor.cli.reading import authorizers, events, releases, status
from reactor.cli.rehearsing import demo, simulator
from reactor.cli.running import migrate, worker


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="reactor")
def program() -> None:
    """Bring approved versions of WeChat mini programs live, untouched by hand."""
    say_to_any_terminal()


authorizers.add_command(sync)

for command in (
    demo,
    simulator,
    push,
    worker,
    migrate,
    status,
    releases,
    authorizers,
    authorize_link,
    events,
    pause,
    resume,
):
    program.add_command(command)


def main() -> None:
    """Run the command of this process's arguments."""
    program(prog_name="reactor")
