"""The one gate before xmltodict: what passes is small, flat, UTF-8 and free of anything that can grow.

Envelopes and decrypted messages both come through here. An honest push is a root with a handful of
children that hold text, so everything else that XML can do is refused.
"""

from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

import xmltodict

from reactor.core.errors import UnreadableMessage

MAX_BYTES = 64 * 1024
MAX_DEPTH = 4
MAX_ELEMENTS = 64


@dataclass(frozen=True, slots=True)
class Screened:
    """Text that passed the gate; `leaves` are the texts of the root's children that hold no elements."""

    text: bytes = field(repr=False)
    leaves: dict[str, str] = field(repr=False)


def screen(text: bytes) -> Screened:
    """Walk the text once and build nothing but its leaves; the first thing not allowed stops the parser.

    Raises UnreadableMessage for everything that the gate refuses; its words never hold anything of the text.
    """
    if not 0 < len(text) <= MAX_BYTES:
        raise UnreadableMessage("the text is empty" if not text else "the text is over 64 KiB")
    if b"\0" in text:  # expat takes such text for UTF-16, whatever encoding it was told
        raise UnreadableMessage("the text is not UTF-8")
    try:
        text.decode()
        return Screened(text, _walk(text))
    except UnicodeDecodeError:
        raise UnreadableMessage("the text is not UTF-8") from None
    except expat.ExpatError as error:
        raise UnreadableMessage(f"the text is not well-formed XML: {error}") from None


def read_xml(screened: Screened) -> tuple[str, dict[str, Any]]:
    """Return the root's name and its children: text as written, None when empty, a dict when nested."""
    # Whether a space may stand in a value is the reader's business, so none is stripped here.
    document = xmltodict.parse(screened.text, encoding="utf-8", strip_whitespace=False)
    [(root, children)] = document.items()
    _drop_space_between_elements(children)
    return root, children


def _walk(text: bytes) -> dict[str, str]:
    shape = _Shape()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = shape.opened
    parser.EndElementHandler = shape.closed
    parser.CharacterDataHandler = shape.said
    parser.XmlDeclHandler = _declared
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.ProcessingInstructionHandler = _refuse_instruction
    parser.CommentHandler = _refuse_comment
    parser.Parse(text, True)
    return shape.leaves


class _Shape:
    """Counts elements and depth, and remembers of every open element the names and the text seen in it."""

    __slots__ = ("_elements", "_names", "_texts", "leaves")

    def __init__(self) -> None:
        self._elements = 0
        self._names: list[set[str]] = []
        self._texts: list[str] = []
        self.leaves: dict[str, str] = {}

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if attributes:
            raise UnreadableMessage("an element has attributes")
        if self._elements > MAX_ELEMENTS:
            raise UnreadableMessage(f"there are more than {MAX_ELEMENTS} elements")
        names = self._names
        if len(names) == MAX_DEPTH:
            raise UnreadableMessage(f"elements are nested deeper than {MAX_DEPTH}")
        if names:
            if name in names[-1]:
                raise UnreadableMessage("an element appears twice beside itself")
            names[-1].add(name)
        names.append(set())
        self._texts.append("")

    def said(self, text: str) -> None:
        self._texts[-1] += text

    def closed(self, name: str) -> None:
        children, text = self._names.pop(), self._texts.pop()
        if children:
            if text.strip(" \t\r\n"):
                raise UnreadableMessage("text stands between elements")
        elif not self._names:
            raise UnreadableMessage("the root has no elements in it")
        elif len(self._names) == 1:
            self.leaves[name] = text


def _drop_space_between_elements(children: dict[str, Any]) -> None:
    children.pop("#text", None)
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
