"""All Chinese twins in one table; each module of this room holds those of one part of the house."""

from reactor.words import pages, pictures, states

CHINESE: dict[str, str] = {**states.CHINESE, **pages.CHINESE, **pictures.CHINESE}
