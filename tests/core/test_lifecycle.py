from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor.core.errors import IllegalTransition, ReactorError
from reactor.core.lifecycle import (
    TRANSITIONS,
    Approval,
    Audit,
    AuditStatus,
    Finding,
    GrayPlan,
    Happening,
    LiveVersion,
    State,
    allows,
    approved_version,
    follow,
    is_younger,
    judge,
)

# -- transitions -----------------------------------------------------------------------------------------

LEGAL = {
    ("held", "approved"): "pending",
    ("held", "expired"): "cancelled",
    ("held", "superseded"): "superseded",
    ("held", "unauthorized"): "cancelled",
    ("held", "cancelled"): "cancelled",
    ("pending", "claimed"): "releasing",
    ("pending", "retried"): "pending",
    ("pending", "held_back"): "held",
    ("pending", "superseded"): "superseded",
    ("pending", "unauthorized"): "cancelled",
    ("pending", "cancelled"): "cancelled",
    ("releasing", "taken_over"): "releasing",
    ("releasing", "put_back"): "pending",
    ("releasing", "seen_live"): "released",
    ("releasing", "gave_up"): "failed",
    ("releasing", "gray_found"): "held",
    ("releasing", "held_back"): "held",
    ("releasing", "observed"): "cancelled",
    ("releasing", "left_alone"): "cancelled",
    ("releasing", "misdirected"): "cancelled",
    ("releasing", "superseded"): "superseded",
    ("releasing", "unauthorized"): "cancelled",
    ("released", "rolled_back"): "cancelled",
    ("failed", "retried"): "pending",
    ("failed", "superseded"): "superseded",
    ("failed", "unauthorized"): "cancelled",
    ("failed", "cancelled"): "cancelled",
}
PAIRS = list(product(State, Happening))


@pytest.mark.parametrize(("state", "happening"), PAIRS)
def test_every_happening_in_every_state_leads_where_the_lifecycle_says_or_raises(state, happening):
    target = LEGAL.get((state, happening))
    assert allows(state, happening) is (target is not None)
    if target is not None:
        assert follow(state, happening) is State(target)
        return
    with pytest.raises(IllegalTransition, match=f"{state} cannot be {happening}; nothing was changed"):
        follow(state, happening)


def test_the_table_of_transitions_names_every_state_and_nothing_more():
    assert set(TRANSITIONS) == set(State)
    rows = {(state, happening) for state in State for happening in TRANSITIONS[state]}
    assert rows == {(State(state), Happening(happening)) for state, happening in LEGAL}


@pytest.mark.parametrize("state", [State.RELEASED, State.SUPERSEDED, State.CANCELLED])
def test_nothing_befalls_a_release_that_is_over_but_a_rollback_of_what_is_live(state):
    possible = {happening for happening in Happening if allows(state, happening)}
    assert possible == ({Happening.ROLLED_BACK} if state is State.RELEASED else set())


def test_an_operator_cannot_cancel_or_retry_what_is_in_flight():
    assert not allows(State.RELEASING, Happening.CANCELLED)
    assert not allows(State.RELEASING, Happening.RETRIED)


def test_only_releasing_leads_to_released():
    sources = {state for state in State for target in TRANSITIONS[state].values() if target == "released"}
    assert sources == {State.RELEASING}


def test_every_state_can_be_reached_from_a_new_release():
    reached, edge = {State.PENDING, State.HELD}, [State.PENDING, State.HELD]
    while edge:
        fresh = set(TRANSITIONS[edge.pop()].values()) - reached
        reached |= fresh
        edge.extend(fresh)
    assert reached == set(State)


def test_an_illegal_transition_is_one_of_the_errors_of_this_project():
    assert issubclass(IllegalTransition, ReactorError)


# -- judge: situations -----------------------------------------------------------------------------------

APPROVED_AT = 1_000_000
BEFORE, AFTER = APPROVED_AT - 1, APPROVED_AT + 1
OLD = LiveVersion("0.9.0", APPROVED_AT - 9000)
PLAIN = Approval(APPROVED_AT)
LEARNED = Approval(APPROVED_AT, "1.0.0")
REFUSED = Approval(APPROVED_AT, "1.0.0", refused=True)


def audit(status=AuditStatus.APPROVED, version="1.0.0", submitted_at=BEFORE, reason=None):
    return Audit(7, status, version, "about it", reason, submitted_at)


def younger(status, version="2.0.0"):
    return audit(status, version, submitted_at=AFTER)


SITUATIONS = [
    # what the push said is so
    ("approved, nothing live yet", PLAIN, audit(), None, None, "releasable"),
    ("approved, an older version live", PLAIN, audit(), OLD, None, "releasable"),
    ("approved, without a submit time", PLAIN, audit(submitted_at=None), OLD, None, "releasable"),
    ("approved, without a version", PLAIN, audit(version=""), OLD, None, "releasable"),
    # already live, by version
    ("the version is live", PLAIN, audit(), LiveVersion("1.0.0", None), None, "live"),
    ("the version is live since long ago", PLAIN, audit(), LiveVersion("1.0.0", 1), None, "live"),
    ("the version is live, its gray plan still runs", PLAIN, audit(), LiveVersion("1.0.0", None),
     GrayPlan(1, 5), "live"),
    ("an empty version equals nothing", PLAIN, audit(version=""), LiveVersion("", None), None, "releasable"),
    ("versions are compared exactly", PLAIN, audit(), LiveVersion("1.0.0 ", BEFORE), None, "releasable"),
    ("the version is live beside a newer audit", LEARNED, younger(AuditStatus.UNDER_AUDIT),
     LiveVersion("1.0.0", BEFORE), None, "live"),
    ("the version is live, whatever became of the audit", PLAIN, audit(AuditStatus.WITHDRAWN),
     LiveVersion("1.0.0", BEFORE), None, "live"),
    # already live, by time
    ("released after the approval", PLAIN, audit(version=""), LiveVersion("", AFTER), None, "live"),
    ("released in the second of the approval", PLAIN, audit(), LiveVersion("x", APPROVED_AT), None, "live"),
    ("released a second before the approval", PLAIN, audit(), LiveVersion("x", BEFORE), None, "releasable"),
    ("released after it, beside a newer audit", PLAIN, younger(AuditStatus.UNDER_AUDIT),
     LiveVersion("1.0.0", AFTER), None, "live"),
    ("a release without a time, of another version", PLAIN, audit(), LiveVersion("x", None), None,
     "releasable"),
    # contradicted
    ("rejected", PLAIN, audit(AuditStatus.REJECTED), OLD, None, "contradicted"),
    ("under audit", PLAIN, audit(AuditStatus.UNDER_AUDIT), OLD, None, "contradicted"),
    ("withdrawn", PLAIN, audit(AuditStatus.WITHDRAWN), OLD, None, "contradicted"),
    ("delayed", PLAIN, audit(AuditStatus.DELAYED), OLD, None, "contradicted"),
    ("a status nobody knows", PLAIN, audit(77), OLD, None, "contradicted"),
    ("a negative status", PLAIN, audit(-1), OLD, None, "contradicted"),
    ("contradicted, and a gray plan", PLAIN, audit(AuditStatus.REJECTED), OLD, GrayPlan(1, 5),
     "contradicted"),
    ("contradicted, without a submit time", PLAIN, audit(AuditStatus.UNDER_AUDIT, submitted_at=None), OLD,
     None, "contradicted"),
    ("equal seconds are not younger", PLAIN, audit(AuditStatus.UNDER_AUDIT, submitted_at=APPROVED_AT), OLD,
     None, "contradicted"),
    ("equal seconds are not younger, after a refusal", REFUSED,
     audit(AuditStatus.UNDER_AUDIT, submitted_at=APPROVED_AT), OLD, None, "contradicted"),
    # a younger submission: WeChat's answer decides
    ("a newer version under audit", PLAIN, younger(AuditStatus.UNDER_AUDIT), OLD, None, "releasable"),
    ("a newer version delayed", PLAIN, younger(AuditStatus.DELAYED), OLD, None, "releasable"),
    ("a newer version rejected", PLAIN, younger(AuditStatus.REJECTED), OLD, None, "releasable"),
    ("a newer version withdrawn", PLAIN, younger(AuditStatus.WITHDRAWN), OLD, None, "releasable"),
    ("a newer version approved", PLAIN, younger(AuditStatus.APPROVED), OLD, None, "releasable"),
    ("a newer version in a status nobody knows", PLAIN, younger(77), OLD, None, "releasable"),
    # … and it has answered
    ("refused beside a newer audit", REFUSED, younger(AuditStatus.UNDER_AUDIT), OLD, None,
     "newer_under_audit"),
    ("refused beside a newer, delayed audit", REFUSED, younger(AuditStatus.DELAYED), OLD, None,
     "newer_under_audit"),
    ("refused, the newer audit ended badly", REFUSED, younger(AuditStatus.REJECTED), OLD, None, "releasable"),
    ("refused, the newer audit was withdrawn", REFUSED, younger(AuditStatus.WITHDRAWN), OLD, None,
     "releasable"),
    ("refused, the newer audit ended well", REFUSED, younger(AuditStatus.APPROVED), OLD, None, "releasable"),
    ("refused, but live meanwhile", REFUSED, younger(AuditStatus.UNDER_AUDIT), LiveVersion("1.0.0", 1), None,
     "live"),
    ("refused, no newer submission", REFUSED, audit(), OLD, None, "releasable"),
    # the younger submission's version is not this approval's
    ("a newer version with the live one's name", PLAIN, younger(AuditStatus.UNDER_AUDIT, "0.9.0"), OLD, None,
     "releasable"),
    # somebody chose to go slowly
    ("a gray plan runs", PLAIN, audit(), OLD, GrayPlan(1, 30), "gray"),
    ("a gray plan is paused", PLAIN, audit(), OLD, GrayPlan(2, 30), "gray"),
    ("a gray plan is finished", PLAIN, audit(), OLD, GrayPlan(3, 100), "releasable"),
    ("a gray plan is cancelled", PLAIN, audit(), OLD, GrayPlan(0, 0), "releasable"),
    ("a gray plan beside a newer audit", REFUSED, younger(AuditStatus.UNDER_AUDIT), OLD, GrayPlan(1, 1),
     "gray"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("approval", "latest", "live", "gray", "finding"),
    [pytest.param(*rest, id=name) for name, *rest in SITUATIONS],
)
def test_what_wechat_shows_means_this_for_the_approval(approval, latest, live, gray, finding):
    assert judge(approval, latest, live, gray).finding is Finding(finding)


@pytest.mark.parametrize(
    ("status", "words"),
    [(1, "rejected"), (2, "under audit"), (3, "withdrawn"), (4, "delayed"), (9, "in the unknown status 9")],
)
def test_a_contradiction_is_told_in_words_with_wechats_own_reason(status, words):
    told = judge(PLAIN, audit(status, reason="1: no content"), OLD).reason
    assert f"latest audit is {words}: 1: no content; nothing was released" in told
    assert "retry or cancel" in told
    assert f"latest audit is {words}; nothing" in judge(PLAIN, audit(status), OLD).reason


def test_the_words_name_what_is_live():
    assert judge(PLAIN, audit(), LiveVersion("1.0.0", None)).reason == "WeChat shows version 1.0.0 live"
    assert "a release since the approval" in judge(PLAIN, audit(), LiveVersion("", AFTER)).reason


def test_the_words_name_the_gray_percentage_and_the_newer_version():
    assert "30 %" in judge(PLAIN, audit(), OLD, GrayPlan(1, 30)).reason
    waits = judge(REFUSED, younger(AuditStatus.UNDER_AUDIT, "2.1.7"), OLD).reason
    assert "2.1.7" in waits
    assert "when that audit ends" in waits


# -- judge: properties -----------------------------------------------------------------------------------

times = st.none() | st.integers(APPROVED_AT - 3, APPROVED_AT + 3)
versions = st.sampled_from(["", "1.0.0", "2.0.0"])
approvals = st.builds(Approval, st.just(APPROVED_AT), st.none() | versions, st.booleans())
audits = st.builds(
    Audit, st.none(), st.integers(-1, 6), versions, st.just(""), st.sampled_from([None, "why"]), times
)
lives = st.none() | st.builds(LiveVersion, versions, times)
grays = st.none() | st.builds(GrayPlan, st.integers(-1, 4), st.integers(0, 100))


def newer(latest):
    return latest.submitted_at is not None and latest.submitted_at > APPROVED_AT


@given(approvals, audits, lives, grays)
def test_nothing_is_releasable_unless_the_latest_audit_is_approved_or_younger(approval, latest, live, gray):
    if judge(approval, latest, live, gray).finding is Finding.RELEASABLE:
        assert latest.status == 0 or newer(latest)


@given(approvals, audits, lives, grays)
def test_it_is_live_exactly_when_wechat_shows_the_version_or_a_release_since(approval, latest, live, gray):
    meant = approval.user_version if newer(latest) else latest.user_version
    by_version = live is not None and bool(meant) and live.version == meant
    by_time = live is not None and live.released_at is not None and live.released_at >= APPROVED_AT
    found = judge(approval, latest, live, gray).finding
    assert (found is Finding.LIVE) is (by_version or by_time)


@given(approvals, audits, lives, grays)
def test_a_push_is_contradicted_only_by_an_audit_that_is_its_own(approval, latest, live, gray):
    if judge(approval, latest, live, gray).finding is Finding.CONTRADICTED:
        assert latest.status != 0
        assert not newer(latest)


@given(approvals, audits, lives, grays)
def test_a_running_gray_plan_never_ends_in_a_full_release(approval, latest, live, gray):
    found = judge(approval, latest, live, gray).finding
    if gray is not None and gray.status in (1, 2):
        assert found is not Finding.RELEASABLE
    else:
        assert found is not Finding.GRAY


@given(approvals, audits, lives, grays)
def test_a_gray_plan_changes_only_what_would_have_been_released(approval, latest, live, gray):
    without = judge(approval, latest, live).finding
    if without in (Finding.LIVE, Finding.CONTRADICTED):
        assert judge(approval, latest, live, gray).finding is without


@given(approvals, audits, lives, grays)
def test_it_waits_for_a_newer_audit_only_after_a_refusal(approval, latest, live, gray):
    if judge(approval, latest, live, gray).finding is Finding.NEWER_UNDER_AUDIT:
        assert approval.refused
        assert newer(latest)
        assert latest.status in (2, 4)


@given(approvals, audits, lives, grays)
def test_every_judgement_has_words_for_the_record(approval, latest, live, gray):
    reason = judge(approval, latest, live, gray).reason
    assert reason
    assert "None" not in reason


@given(approvals, audits, lives, grays, st.integers(-APPROVED_AT + 10, 10**9))
def test_only_the_order_of_times_matters(approval, latest, live, gray, shift):
    later = Approval(approval.approved_at + shift, approval.user_version, approval.refused)
    moved_audit = Audit(
        None, latest.status, latest.user_version, "", latest.reason, moved(latest.submitted_at, shift)
    )
    moved_live = live and LiveVersion(live.version, moved(live.released_at, shift))
    before, after = judge(approval, latest, live, gray), judge(later, moved_audit, moved_live, gray)
    assert before.finding is after.finding


def moved(time, shift):
    return None if time is None else time + shift


@given(audits)
def test_a_submission_without_a_time_or_of_the_same_second_is_not_younger(latest):
    assert is_younger(latest, APPROVED_AT) is newer(latest)


def test_a_younger_submissions_version_is_never_taken_for_the_approved_one():
    assert approved_version(PLAIN, younger(AuditStatus.APPROVED)) is None
    assert approved_version(LEARNED, younger(AuditStatus.APPROVED)) == "1.0.0"
    assert approved_version(LEARNED, audit(version="1.0.1")) == "1.0.1"
