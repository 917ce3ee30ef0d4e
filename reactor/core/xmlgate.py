"""The one gate before xmltodict: what passes is small, flat, UTF-8 and free of anything that can grow.

Envelopes and decrypted messages both come through here. An honest push is a root with a handful of
children that hold text, so everything else that XML can do is refused.
"""

from typing import Any
from xml.parsers import expat

import xmltodict

from reactor.core.errors import UnreadableMessage

MAX_BYTES = 64 * 1024
MAX_DEPTH = 4
MAX_ELEMENTS = 64


def read_xml(text: bytes) -> tuple[str, dict[str, Any]]:
    """Return the root's name and its children: text as written, None when empty, a dict when nested.

    Raises UnreadableMessage for everything else; its words never hold anything of the text.
    """
    if not 0 < len(text) <= MAX_BYTES:
        raise UnreadableMessage("the text is empty" if not text else "the text is over 64 KiB")
    if b"\0" in text:  # expat takes such text for UTF-16, whatever encoding it was told
        raise UnreadableMessage("the text is not UTF-8")
    try:
        text.decode()
        _screen(text)
        # Whether a space may stand in a value is the reader's business, so none is stripped here.
        document = xmltodict.parse(text, encoding="utf-8", strip_whitespace=False)
    except UnicodeDecodeError:
        raise UnreadableMessage("the text is not UTF-8") from None
    except expat.ExpatError as error:
        raise UnreadableMessage(f"the text is not well-formed XML: {error}") from None
    [(root, children)] = document.items()
    if not isinstance(children, dict):
        raise UnreadableMessage("the root has no elements in it")
    _drop_space_between_elements(children)
    return root, children


def _screen(text: bytes) -> None:
    """Walk the text without building anything; the first thing that is not allowed stops the parser."""
    shape = _Shape()
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = shape.opened
    parser.EndElementHandler = shape.closed
    parser.XmlDeclHandler = _declared
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.ProcessingInstructionHandler = _refuse_instruction
    parser.CommentHandler = _refuse_comment
    parser.Parse(text, True)


class _Shape:
    """Counts elements and depth, and remembers the names seen in every element that is still open."""

    __slots__ = ("_elements", "_names")

    def __init__(self) -> None:
        self._elements = 0
        self._names: list[set[str]] = []

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if attributes:
            raise UnreadableMessage("an element has attributes")
        if self._elements > MAX_ELEMENTS:
            raise UnreadableMessage(f"there are more than {MAX_ELEMENTS} elements")
        if len(self._names) == MAX_DEPTH:
            raise UnreadableMessage(f"elements are nested deeper than {MAX_DEPTH}")
        if self._names:
            self._note(name)
        self._names.append(set())

    def closed(self, _name: str) -> None:
        self._names.pop()

    def _note(self, name: str) -> None:
        siblings = self._names[-1]
        if name in siblings:
            raise UnreadableMessage("an element appears twice beside itself")
        siblings.add(name)


def _drop_space_between_elements(children: dict[str, Any]) -> None:
    if children.pop("#text", "").strip(" \t\r\n"):
        raise UnreadableMessage("text stands between elements")
    for value in children.values():
        if isinstance(value, dict):
            _drop_space_between_elements(value)


def _declared(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding is not None and encoding.lower() != "utf-8":
        raise UnreadableMessage("the text declares another encoding than UTF-8")


def _refuse_doctype(*_declaration: object) -> None:
    raise UnreadableMessage("the text has a DOCTYPE")


def _refuse_instruction(*_instruction: object) -> None:
    raise UnreadableMessage("the text has a processing instruction")


def _refuse_comment(_comment: str) -> None:
    raise UnreadableMessage("the text has a comment")
