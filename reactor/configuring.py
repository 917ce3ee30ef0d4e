"""From the environment to settings that can be followed; whatever is wrong is told, all at once."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from reactor.core.errors import PolicyError, ReactorError, SettingsError
from reactor.core.policy import Policy, parse_policy
from reactor.logs import start_logging
from reactor.settings import Settings, language, load_settings, policy_path
from reactor.store import keyfile
from reactor.store.database import sqlite_file
from reactor.words import Lang, retell

DEFAULT_POLICY = Path("config/policy.toml")


def configure(environ: Mapping[str, str]) -> Settings:
    """Settings and a policy that can be followed; otherwise every problem on stderr, and exit code 2."""
    problems: list[str] = []
    try:
        settings = load_settings(environ)
        file = sqlite_file(settings.database_url)
        if settings.secret_keys is None and (problem := keyfile.problem_of(file)):
            problems.append(problem)
    except SettingsError as error:
        problems.extend(error.problems)
    try:
        load_policy(policy_path(environ))
    except PolicyError as error:
        problems.extend(str(error).splitlines())
    if problems:
        tell(("The configuration is wrong; nothing was started:", *problems), language(environ))
        raise SystemExit(2)
    start_logging(settings.secrets())
    return settings


def load_policy(path: Path) -> Policy:
    """The policy file; PolicyError when it cannot be followed. Only the default one may be missing."""
    if path == DEFAULT_POLICY and not path.exists():
        return Policy()
    return policy_of(content_of(path), path)


def content_of(path: Path) -> bytes:
    """What the policy file holds; PolicyError when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error


def policy_of(content: bytes, path: Path) -> Policy:
    """What a policy file says; every problem of a PolicyError names the file and the line."""
    try:
        return parse_policy(content.decode("utf-8-sig"), ZoneInfo)
    except UnicodeDecodeError as error:
        raise _unreadable(path, error) from error
    except PolicyError as error:
        told = (f"{path}: {problem}" for problem in str(error).splitlines())
        raise PolicyError("\n".join(told)) from None


def _unreadable(path: Path, error: Exception) -> PolicyError:
    return PolicyError(
        f"{path}: the file cannot be read ({type(error).__name__}); name one in REACTOR_POLICY "
        "that this user may read"
    )


@contextmanager
def telling(lang: Lang = "en") -> Iterator[None]:
    """Exit code 1 with the reason on stderr, for an error that speaks to operators; 2 for a configuration."""
    try:
        yield
    except SettingsError as error:
        tell(error.problems, lang)
        raise SystemExit(2) from None
    except (ReactorError, OSError) as error:
        tell((str(error),), lang)
        raise SystemExit(1) from None


def tell(reasons: Iterable[str], lang: Lang) -> None:
    """One line on stderr for each, in the operator's language."""
    for reason in reasons:
        sys.stderr.write(f"{retell(reason, lang)}\n")
