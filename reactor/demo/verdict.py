"""The end of the demonstration: the record in a table, held against what WeChat's side saw."""

from dataclasses import dataclass
from typing import Any

from reactor.demo.story import SHOPS, Approved, Rejected, Shop, Story, seconds_to_live
from reactor.demo.surprise import Surprise
from reactor.demo.watching import Watch
from reactor.simulator.platform import Platform
from reactor.words import Lang, places, retell

# All that the reactor may ask of WeChat in this story.
_EXPECTED_CALLS = frozenset(
    {
        "api_component_token",
        "api_query_auth",
        "api_authorizer_token",
        "api_get_authorizer_info",
        "api_get_authorizer_list",
        "get_latest_auditstatus",
        "getversioninfo",
        "getgrayreleaseplan",
        "release",
    }
)
# What the sweep hears of a mini program that has not submitted anything yet.
_NEVER_SUBMITTED = ("get_latest_auditstatus", 85058)


@dataclass(frozen=True, slots=True)
class Row:
    """One audit and what became of it; `seconds` from the approval until live."""

    authorizer_appid: str
    nick_name: str
    user_version: str
    state: str
    seconds: float | None = None
    calls: int = 0
    release_calls: int = 0


def rows(story: Story, watch: Watch) -> list[Row]:
    """Every audit of the story, as the API shows it now."""
    found = [_approved_row(approved, watch) for approved in story.approved]
    return sorted(
        [*found, *map(_rejected_row, story.rejected)], key=lambda row: (row.nick_name, row.user_version)
    )


def _approved_row(approved: Approved, watch: Watch) -> Row:
    release = watch.release_of(approved.shop.appid, approved.version)
    if release is None:
        raise Surprise(f"{approved.shop.name} {approved.version} is on record", "no such release")
    calls: list[dict[str, Any]] = release["calls"]
    seconds = seconds_to_live(approved, release) if release["released_at"] else None
    return Row(
        approved.shop.appid,
        approved.shop.name,
        approved.version,
        release["state"],
        seconds,
        len(calls),
        sum(call["call"] == "release" for call in calls),
    )


def _rejected_row(rejected: Rejected) -> Row:
    return Row(rejected.shop.appid, rejected.shop.name, rejected.version, "rejected")


def check(approved: list[Approved], found: list[Row], platform: Platform) -> None:
    """Hold the record against WeChat's side: one effective release an approval, and nothing else changed."""
    for one in approved:
        row = next(row for row in found if _same(one, row))
        name = f"{row.nick_name} {row.user_version}"
        _equal(f"the state of {name}", "released", row.state)
        _equal(f"the recorded calls of release for {name}", one.release_calls, row.release_calls)
    for shop in SHOPS:
        _check_shop(shop, [one for one in approved if one.shop == shop], platform)
    _equal("calls that nobody asked for", set(), {call.call for call in platform.calls} - _EXPECTED_CALLS)
    refused = [
        f"{call.call} {call.errcode}"
        for call in platform.calls
        if call.errcode and not call.fault and (call.call, call.errcode) != _NEVER_SUBMITTED
    ]
    _equal("calls that WeChat refused", [], refused)
    _equal("faults that did not happen", [], platform.faults_left())


def _check_shop(shop: Shop, mine: list[Approved], platform: Platform) -> None:
    effective = platform.effective_releases(shop.appid)
    arrived = [
        call for call in platform.calls if (call.call, call.authorizer_appid) == ("release", shop.appid)
    ]
    live = platform.live(shop.appid)
    _equal(f"effective releases of {shop.name}", len(mine), len(effective))
    _equal(f"calls of release for {shop.name}", sum(one.release_calls for one in mine), len(arrived))
    _equal(f"the live version of {shop.name}", mine[-1].version if mine else None, live[0] if live else None)


def _same(approved: Approved, row: Row) -> bool:
    return (approved.shop.appid, approved.version) == (row.authorizer_appid, row.user_version)


def _equal(what: str, expected: object, seen: object) -> None:
    if expected != seen:
        raise Surprise(f"{what}: {expected}", str(seen))


def table(found: list[Row], lang: Lang) -> str:
    """The rows in columns."""
    headings = ("mini program", "version", "state", "approval → live", "calls")
    lines = [tuple(retell(cell, lang) for cell in line) for line in (headings, *map(_cells, found))]
    widths = [max(places(line[column]) for line in lines) for column in range(len(headings))]
    return "\n".join(
        "  ".join(
            cell + " " * (width - places(cell)) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def _cells(row: Row) -> tuple[str, ...]:
    seconds = "—" if row.seconds is None else f"{row.seconds:.1f} s"
    calls = f"{row.calls}, {row.release_calls} of them release" if row.calls else "—"
    return row.nick_name, row.user_version, row.state, seconds, calls
