"""What people read, in English and Chinese: an English text is a key, its Chinese twin stands in a table."""

from reactor.words.finding import finding, label
from reactor.words.saying import Lang, places, retell, say

__all__ = ["Lang", "finding", "label", "places", "retell", "say"]
