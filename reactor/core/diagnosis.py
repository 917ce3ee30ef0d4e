"""What the doctor makes of what was found: values in, a Check out, with the way to mend it."""

from collections.abc import Mapping, Sequence

from reactor.core.checks import Check, Health

# The order in which checks are told: what everything else stands on comes first.
ORDER = (
    *(
        "configuration",
        "policy",
        "database",
        "schema",
        "secret_key",
        "golden_vector",
        "ticket",
        "component_token",
    ),
    *("egress_ip", "calls", "workers", "queue", "permission_set_18", "reauthorization", "callbacks"),
    *("callback_check", "clock", "messages", "libraries"),
)

TICKET_LATE_SECONDS, TICKET_GONE_SECONDS = 1500.0, 12 * 3600.0
QUEUE_LATE_SECONDS = 120.0
SLOW_MS = 500
FEW = 3

# Library → the first version without the hole, and what the hole is.
HOLES: Mapping[str, tuple[str, str]] = {
    "expat": ("2.7.2", "a small XML text can make it take very much memory (CVE-2025-59375)"),
    "gunicorn": ("27.0.1", "an idle connection that is kept alive holds up its end for 20 seconds"),
    "requests": ("2.32.4", "it may send credentials of a .netrc file elsewhere (CVE-2024-47081)"),
    "jinja2": ("3.1.6", "a template can break out of its sandbox (CVE-2025-27516)"),
    "xmltodict": ("1.0.4", "it wrote XML from names unseen (CVE-2025-9375)"),
}


def ordered(checks: Sequence[Check]) -> list[Check]:
    """In ORDER, one of each name: what was found later is the nearer look."""
    latest = {check.name: check for check in checks}
    return [latest[name] for name in ORDER if name in latest]


def worst(checks: Sequence[Check]) -> Health:
    """How it stands altogether; what cannot be seen from here is no fault."""
    found = {check.health for check in checks}
    return next((health for health in (Health.BAD, Health.WARN) if health in found), Health.OK)


def configuration(warnings: Sequence[str]) -> Check:
    """A configuration that could be read, and what is odd about it."""
    if not warnings:
        return Check("configuration", Health.OK, "complete")
    return Check("configuration", Health.WARN, "{problem}", values={"problem": " ".join(warnings)})


def policy(problem: str | None) -> Check:
    """Whether the workers follow the policy file as it is now."""
    if problem is None:
        return Check("policy", Health.OK, "the policy file is followed")
    remedy = "mend the file, and try it with `reactor policy check`; it is taken up without a restart"
    text = "the last good policy stays in force: {problem}"
    return Check("policy", Health.BAD, text, remedy, {"problem": problem})


def database(kind: str, version: str, ms: int) -> Check:
    """A database that answers."""
    values = {"kind": kind, "version": version, "ms": ms}
    if ms > SLOW_MS:
        remedy = "WeChat waits five seconds for an answer; put the database nearer, or give it more power"
        return Check("database", Health.WARN, "{kind} {version} answers slowly, in {ms} ms", remedy, values)
    return Check("database", Health.OK, "{kind} {version} answers in {ms} ms", values=values)


def no_database(problem: str) -> Check:
    """A database that does not answer."""
    remedy = (
        "check DATABASE_URL and that the database runs; meanwhile WeChat repeats its pushes for 20 seconds"
    )
    return Check("database", Health.BAD, "{problem}", remedy, {"problem": problem})


def schema(*, ready: bool) -> Check:
    """Whether the schema is this version's."""
    if ready:
        return Check("schema", Health.OK, "the schema is this version's")
    return Check("schema", Health.BAD, "the schema is not this version's", "run `reactor migrate`")


def unseen(name: str) -> Check:
    """What cannot be seen because the database does not show it."""
    return Check(name, Health.UNKNOWN, "cannot be seen without the database")


def broken(name: str, problem: str) -> Check:
    """A check that itself did not work: no reason to keep the others back."""
    remedy = "see the log; everything else was looked at"
    return Check(name, Health.UNKNOWN, "could not be checked ({problem})", remedy, {"problem": problem})


def secret_key(*, locked: int, old: int, seen: int) -> Check:
    """Whether what is stored can be opened, out of those looked at, and with the newest key."""
    values: dict[str, object] = {"locked": locked, "old": old, "seen": seen}
    if locked:
        remedy = "put the old REACTOR_SECRET_KEY back behind the new one, separated by a comma"
        return Check(
            "secret_key", Health.BAD, "no key opens {locked} of {seen} stored secrets", remedy, values
        )
    if old:
        text = "{old} of {seen} stored secrets are sealed with an older key"
        return Check("secret_key", Health.WARN, text, "run `reactor keys rotate`", values)
    return Check("secret_key", Health.OK, "opens what is stored", values=values)


def golden_vector(*, opens: bool) -> Check:
    """Whether WeChat's own sample is opened here."""
    if opens:
        return Check("golden_vector", Health.OK, "WeChat's own sample of an encrypted push is opened")
    remedy = "install this version and its libraries anew; no push can be read as it is"
    return Check(
        "golden_vector", Health.BAD, "WeChat's own sample of an encrypted push is not opened", remedy
    )


def ticket(age: float | None) -> Check:
    """How old (seconds) the newest component_verify_ticket is."""
    remedy = (
        "compare 授权事件接收URL, Token and Key in the console (第三方平台 › 开发配置) with this "
        "installation; "
        "`reactor decrypt` explains a push that is refused"
    )
    if age is None:
        return Check("ticket", Health.BAD, "none has arrived yet; WeChat pushes one every 10 minutes", remedy)
    values: dict[str, object] = {"minutes": round(age / 60)}
    if age > TICKET_GONE_SECONDS:
        return Check("ticket", Health.BAD, "expired: the last came {minutes} minutes ago", remedy, values)
    if age > TICKET_LATE_SECONDS:
        text = "late: the last came {minutes} minutes ago, and one is due every 10"
        return Check("ticket", Health.WARN, text, remedy, values)
    return Check(
        "ticket", Health.OK, "came {minutes} minutes ago; every 10 minutes, good for 12 hours", "", values
    )


def kept_token(left: float | None) -> Check:
    """How long (seconds) the stored component_access_token lives, without asking WeChat."""
    if left is None or left <= 0:
        text = "none is kept now; the next call to WeChat fetches one"
        return Check("component_token", Health.UNKNOWN, text)
    values: dict[str, object] = {"minutes": round(left / 60)}
    return Check("component_token", Health.OK, "good for another {minutes} minutes", values=values)


def calls(*, paused: bool, blocked: str | None) -> Check:
    """Whether calls flow."""
    if paused:
        remedy = "`reactor resume` lets them go on"
        return Check("calls", Health.WARN, "paused by an operator; pushes are recorded meanwhile", remedy)
    if blocked:
        remedy = "mend the cause; they go on by themselves within a minute of it"
        return Check("calls", Health.BAD, "stopped: {reason}", remedy, {"reason": blocked})
    return Check("calls", Health.OK, "flow")


def workers(count: int, mode: str) -> Check:
    """How many workers were seen in the last half minute."""
    if count:
        return Check("workers", Health.OK, "{count} at work", values={"count": count})
    remedy = "start the web process; the worker runs in it"
    if mode == "external":
        remedy = "start one: `python -m reactor worker`"
    return Check("workers", Health.BAD, "none was seen in the last 30 seconds; nothing is released", remedy)


def queue(*, waiting: int, held: int, failed: int, late: float | None, stopped: bool) -> Check:
    """What waits; `late` is by how many seconds the oldest is overdue."""
    values: dict[str, object] = {"waiting": waiting, "held": held, "failed": failed}
    text = "{waiting} waiting, {held} held, {failed} failed"
    if failed:
        return Check("queue", Health.WARN, text, "`reactor releases ls --state failed` says why", values)
    if late is not None and late > QUEUE_LATE_SECONDS and not stopped:
        late_text = "{waiting} waiting, the oldest overdue by {minutes} minutes"
        remedy = "see that a worker runs, and raise the pace in the policy file if it is too slow"
        return Check("queue", Health.WARN, late_text, remedy, {**values, "minutes": round(late / 60)})
    return Check("queue", Health.OK, text, "", values)


def permission_set_18(count: int, examples: Sequence[str]) -> Check:
    """How many authorizers did not grant what releasing needs."""
    if not count:
        return Check("permission_set_18", Health.OK, "nobody is known to lack it")
    values: dict[str, object] = {"count": count, "examples": ", ".join(examples)}
    text = "not granted by {count}: {examples}"
    remedy = "send these merchants the link of `reactor authorize-link`; they must tick permission set 18"
    return Check("permission_set_18", Health.WARN, text, remedy, values)


def reauthorization(count: int, examples: Sequence[str]) -> Check:
    """How many authorizers only their merchants can bring back."""
    if not count:
        return Check("reauthorization", Health.OK, "nobody has to authorize again")
    values: dict[str, object] = {"count": count, "examples": ", ".join(examples)}
    remedy = "send these merchants the link of `reactor authorize-link`"
    return Check("reauthorization", Health.WARN, "{count} must authorize again: {examples}", remedy, values)


def messages(channels: int) -> Check:
    """Whether people are told."""
    if channels:
        return Check("messages", Health.OK, "{count} channels", values={"count": channels})
    remedy = "set REACTOR_NOTIFY; `reactor notify test` tries it"
    return Check("messages", Health.UNKNOWN, "nobody is told when a version is rejected or fails", remedy)


def libraries(found: Mapping[str, str]) -> Check:
    """Library → its version, held against HOLES."""
    told = ", ".join(f"{name} {version}" for name, version in found.items())
    holes = [
        f"{name} {found[name]} < {floor}: {hole}"
        for name, (floor, hole) in HOLES.items()
        if name in found and _numbers(found[name]) < _numbers(floor)
    ]
    if not holes:
        return Check("libraries", Health.OK, "{told}", values={"told": told})
    remedy = "install newer ones: `pip install -r requirements.txt`; expat comes with a newer Python 3"
    return Check("libraries", Health.WARN, "{holes}", remedy, {"holes": "; ".join(holes)})


def _numbers(version: str) -> tuple[int, ...]:
    digits = version.replace("expat_", "").split("+")[0].split(".")
    return tuple(int(part) for part in digits if part.isdigit())
