"""Pictures of the pages: inline SVG drawn on the server, with a sentence that says the same."""

from reactor.pictures.drawing import Picture
from reactor.pictures.gallery import pictures_of

__all__ = ["Picture", "pictures_of"]
