"""All Chinese twins in one table; each module of this room holds those of one part of the house."""

from reactor.words import onboarding, pictures, states

CHINESE: dict[str, str] = {**states.CHINESE, **pictures.CHINESE, **onboarding.CHINESE}
