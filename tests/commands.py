"""Commands run in this process, with an environment of their own."""

from click.testing import CliRunner

from reactor.cli.program import program


def command(*words, code=0, given=None, **variables):
    """Run one command; what it printed. `given` is what stands on its standard input."""
    done = CliRunner().invoke(
        program, [str(word) for word in words], env=variables, prog_name="reactor", input=given
    )
    assert done.exit_code == code, done.output
    return done
