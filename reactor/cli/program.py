"""The program: every command under one name, and what is said when one cannot be done.

Exit codes: 0 fine, 1 the thing asked for failed or needs a person, 2 wrong usage or configuration.
"""

import click

from reactor import __version__
from reactor.cli.auditing import audit
from reactor.cli.deciphering import decrypt
from reactor.cli.examining import doctor
from reactor.cli.hands import pause, resume
from reactor.cli.joining import authorize_link, sync
from reactor.cli.language import Program
from reactor.cli.notifying import notify
from reactor.cli.output import say_to_any_terminal
from reactor.cli.policies import policies
from reactor.cli.pushing import push
from reactor.cli.reading import authorizers, events, releases, status
from reactor.cli.rehearsing import demo, simulator
from reactor.cli.running import migrate, worker
from reactor.cli.sealing import keys
from reactor.cli.waves import waves

authorizers.add_command(sync)

CHAPTERS = {
    "Try it": (demo, simulator, push),
    "Run it": (migrate, worker),
    "See how it is": (status, doctor, releases, authorizers, events, audit),
    "Step in": (pause, resume, waves),
    "Hold back": (policies,),
    "Let merchants join": (authorize_link,),
    "Tell people": (notify,),
    "Keys and captures": (decrypt, keys),
}
EXIT_CODES = (
    "Exit codes: 0 fine, 1 the thing asked for failed or needs a person, 2 wrong usage or configuration."
)


@click.group(
    cls=Program,
    chapters=CHAPTERS,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="reactor")
def program() -> None:
    """Bring approved versions of WeChat mini programs live, untouched by hand."""
    say_to_any_terminal()


def main() -> None:
    """Run the command of this process's arguments."""
    program(prog_name="reactor")
