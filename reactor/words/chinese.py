"""All Chinese twins in one table; each module of this room holds those of one part of the house."""

from reactor.words import pages, pages_lists, pages_story, pictures, states

CHINESE: dict[str, str] = {
    **states.CHINESE,
    **pages.CHINESE,
    **pages_lists.CHINESE,
    **pages_story.CHINESE,
    **pictures.CHINESE,
}
