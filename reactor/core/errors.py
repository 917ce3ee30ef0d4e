"""What can go wrong, by whose fault it is; a room adds its own, such as the store's Conflict, in place.

ReactorError
├── EnvelopeRefused        a push that does not verify: somebody else's, or spoiled on the way
├── UnreadableMessage      XML that the gate refuses
├── SettingsError          the operator's configuration, all problems at once
├── PolicyError            the operator's policy file
├── IllegalTransition      ours: the lifecycle forbids the change; nothing was changed
├── StoreUnavailable       the database cannot be reached or cannot commit; nothing was kept
├── TokenError             there is no token to call WeChat with
│   ├── NoTicket           WeChat pushed no component_verify_ticket that still works
│   ├── NotAuthorizedYet   the authorizer is not known, or its code is not exchanged yet
│   ├── NeedsReauthorization  only the merchant can mend it
│   └── TokenBusy          another process is fetching it and takes long
└── WeChatError            a call to WeChat, with the name of the call
    ├── NotSent            the request never left: repeating it is safe
    ├── OutcomeUnknown     it may or may not have happened: look before acting again
    └── Answered           WeChat said no, with errcode, errmsg and rid
"""

from collections.abc import Iterable


class ReactorError(Exception):
    """The root of all errors of this project."""


class EnvelopeRefused(ReactorError):
    """A push that is not verified; `cause` is for our own log and never for the sender."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class UnreadableMessage(ReactorError):
    """Text that is no XML, or XML that no honest sender writes."""


class SettingsError(ReactorError):
    """Everything that is wrong with the environment, one sentence a problem."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class PolicyError(ReactorError):
    """A policy file that cannot be followed."""


class IllegalTransition(ReactorError):
    """A change that the lifecycle does not know; nothing was changed."""


class StoreUnavailable(ReactorError):
    """The database did not commit; nothing of what was asked is kept."""


class TokenError(ReactorError):
    """There is no token to call WeChat with."""


class NoTicket(TokenError):
    """WeChat pushed no component_verify_ticket that still works."""


class NotAuthorizedYet(TokenError):
    """The authorizer is not known to this component, or not yet."""


class NeedsReauthorization(TokenError):
    """The authorization is there no more; only the merchant can renew it."""


class TokenBusy(TokenError):
    """Another process is fetching the token and takes long."""


class WeChatError(ReactorError):
    """A call to WeChat that did not end in a result."""

    def __init__(self, call: str, message: str) -> None:
        super().__init__(f"{call}: {message}")
        self.call = call


class NotSent(WeChatError):
    """The request never left this machine; repeating it is safe."""


class OutcomeUnknown(WeChatError):
    """The request left and no usable answer came: it may have happened."""

    def __init__(self, call: str, message: str, *, http_status: int | None = None) -> None:
        super().__init__(call, message)
        self.http_status = http_status


class Answered(WeChatError):
    """WeChat refused, and said how: `errcode`, its own `errmsg`, and the `rid` its support asks for."""

    def __init__(self, call: str, errcode: int, errmsg: str, *, rid: str | None = None) -> None:
        super().__init__(call, f"{errcode} {errmsg}")
        self.errcode = errcode
        self.errmsg = errmsg
        self.rid = rid
