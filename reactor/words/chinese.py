"""All Chinese twins in one table; each module of this room holds those of one part of the house."""

from reactor.words import (
    captures,
    commands,
    configuration,
    examination,
    manual,
    pictures,
    reasons,
    rehearsal,
    states,
)

CHINESE: dict[str, str] = {
    **states.CHINESE,
    **reasons.CHINESE,
    **configuration.CHINESE,
    **commands.CHINESE,
    **manual.CHINESE,
    **examination.CHINESE,
    **captures.CHINESE,
    **rehearsal.CHINESE,
    **pictures.CHINESE,
}
