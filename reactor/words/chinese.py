"""All Chinese twins in one table; each module of this room holds those of one part of the house."""

from reactor.words import (
    captures,
    commands,
    configuration,
    examination,
    manual,
    messages,
    onboarding,
    pages,
    pages_lists,
    pages_story,
    pictures,
    policy,
    reasons,
    rehearsal,
    states,
    waves,
)

CHINESE: dict[str, str] = {
    **states.CHINESE,
    **reasons.CHINESE,
    **configuration.CHINESE,
    **policy.CHINESE,
    **commands.CHINESE,
    **manual.CHINESE,
    **messages.CHINESE,
    **onboarding.CHINESE,
    **examination.CHINESE,
    **captures.CHINESE,
    **rehearsal.CHINESE,
    **pages.CHINESE,
    **pages_lists.CHINESE,
    **pages_story.CHINESE,
    **pictures.CHINESE,
    **waves.CHINESE,
}
