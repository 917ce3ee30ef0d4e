"""The gate lets small flat UTF-8 XML through and nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactor.core.errors import UnreadableMessage
from reactor.core.xmlgate import MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS, read_xml, screen


def read(text):
    """What the gate lets through, and what its leaves say of the same text."""
    screened = screen(text)
    root, children = read_xml(screened)
    leaves = {name: value or "" for name, value in children.items() if not isinstance(value, dict)}
    assert screened.leaves == leaves
    return root, children


def nested(depth):
    names = [f"e{level}" for level in range(depth)]
    return "".join(f"<{name}>" for name in names) + "x" + "".join(f"</{name}>" for name in reversed(names))


def flat(elements):
    return "<xml>" + "".join(f"<e{number}/>" for number in range(elements - 1)) + "</xml>"


def sized(size):
    head, tail = b"<xml><a>", b"</a></xml>"
    return head + b"x" * (size - len(head) - len(tail)) + tail


BILLION_LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><xml><a>&c;</a></xml>'
)

REFUSED = {
    "nothing": b"",
    "only space": b" \n ",
    "plain text": b"success",
    "json": b'{"Encrypt": "x"}',
    "zero bytes": b"\0" * 64,
    "one byte too many": sized(MAX_BYTES + 1),
    "latin-1": "<xml><a>é</a></xml>".encode("latin-1"),
    "gbk": "<xml><a>审核</a></xml>".encode("gbk"),
    "gbk, declared": '<?xml version="1.0" encoding="GBK"?><xml><a>审核</a></xml>'.encode("gbk"),
    "ascii text, gbk declared": b'<?xml version="1.0" encoding="GBK"?><xml><a>x</a></xml>',
    "ascii text, latin-1 declared": b'<?xml version="1.0" encoding="iso-8859-1"?><xml><a>x</a></xml>',
    "utf-16 with mark": "<xml><a>x</a></xml>".encode("utf-16"),
    "utf-16 without mark": "<xml><a>x</a></xml>".encode("utf-16-le"),
    "utf-32": "<xml><a>x</a></xml>".encode("utf-32"),
    "utf-7 smuggling": b'<?xml version="1.0" encoding="utf-7"?><xml><a>+ADw-b+AD4-</a></xml>',
    "overlong utf-8": b"<xml><a>\xc0\xbc</a></xml>",
    "half a surrogate pair": b"<xml><a>\xed\xa0\x80</a></xml>",
    "bare doctype": b"<!DOCTYPE xml><xml><a>x</a></xml>",
    "doctype, system": b'<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><xml><a>x</a></xml>',
    "doctype, public": b'<!DOCTYPE x PUBLIC "-//X" "http://127.0.0.1/x.dtd"><xml><a>x</a></xml>',
    "internal entity": b'<!DOCTYPE x [<!ENTITY a "b">]><xml><a>&a;</a></xml>',
    "external entity": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><a>&a;</a></xml>',
    "parameter entity": b'<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1/x"> %a;]><xml><a>x</a></xml>',
    "billion laughs": BILLION_LAUGHS.encode(),
    "quadratic blow-up": f'<!DOCTYPE x [<!ENTITY a "{"x" * 5000}">]><xml>{"&a;" * 5000}</xml>'.encode(),
    "entity that eats itself": b'<!DOCTYPE x [<!ENTITY a "&b;"><!ENTITY b "&a;">]><xml><a>&a;</a></xml>',
    "attribute list": b'<!DOCTYPE x [<!ATTLIST xml a CDATA "b">]><xml><a>x</a></xml>',
    "undefined entity": b"<xml><a>&nbsp;</a></xml>",
    "reference to nul": b"<xml><a>&#0;</a></xml>",
    "reference to a surrogate": b"<xml><a>&#xD800;</a></xml>",
    "reference beyond unicode": b"<xml><a>&#x110000;</a></xml>",
    "control character": b"<xml><a>\x01</a></xml>",
    "instruction before": b'<?xml-stylesheet href="x"?><xml><a>x</a></xml>',
    "instruction inside": b"<xml><a>x<?php x?></a></xml>",
    "comment inside a value": b"<xml><a>x<!-- -->y</a></xml>",
    "comment after": b"<xml><a>x</a></xml><!-- -->",
    "declaration not first": b' <?xml version="1.0"?><xml><a>x</a></xml>',
    "attribute on the root": b'<xml version="1"><a>x</a></xml>',
    "attribute on a child": b'<xml><a b="c">x</a></xml>',
    "namespace": b'<xml xmlns="urn:x"><a>x</a></xml>',
    "thousands of attributes": b"<xml" + b"".join(b" a%d=''" % n for n in range(4000)) + b"/>",
    "one level too deep": nested(MAX_DEPTH + 1).encode(),
    "nine thousand levels": b"<a>" * 9000,
    "one element too many": flat(MAX_ELEMENTS + 1).encode(),
    "ten thousand siblings": b"<xml>" + b"<a/>" * 10_000 + b"</xml>",
    "same name twice": b"<xml><a>1</a><a>2</a></xml>",
    "same name twice, apart": b"<xml><a>1</a><b>2</b><a/></xml>",
    "same name twice, deeper": b"<xml><b><a>1</a><a>2</a></b></xml>",
    "not closed": b"<xml><a>x</a>",
    "closed crosswise": b"<xml><a><b></a></b></xml>",
    "two roots": b"<xml><a>x</a></xml><xml><a>x</a></xml>",
    "tail after the root": b"<xml><a>x</a></xml>success",
    "open cdata": b"<xml><a><![CDATA[x</a></xml>",
    "cdata end in text": b"<xml><a>]]></a></xml>",
    "element name with a bracket": b"<xml><a<b>x</a<b></xml>",
    "the closing tag of WeChat's own page": b"<xml><a>x</a><xml>",
    "root with text": b"<xml>x</xml>",
    "empty root": b"<xml/>",
    "root with space": b"<xml>\n</xml>",
    "text beside elements": b"<xml>x<a>y</a></xml>",
    "text beside elements, deeper": b"<xml><b><a>y</a>x</b></xml>",
    "wide space beside elements": "<xml>\u3000<a>y</a></xml>".encode(),
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_hostile_or_broken_xml_is_refused(text):
    with pytest.raises(UnreadableMessage):
        read(text)


PASSED = {
    "cdata": (b"<xml><a><![CDATA[<b>&c;]]></a></xml>", {"a": "<b>&c;"}),
    "split cdata": (b"<xml><a><![CDATA[x]]><![CDATA[y]]></a></xml>", {"a": "xy"}),
    "predefined entities": (b"<xml><a>&lt;&amp;&gt;&quot;&apos;</a></xml>", {"a": "<&>\"'"}),
    "character references": (b"<xml><a>&#65;&#x5BA1;</a></xml>", {"a": "A审"}),
    "space between elements": (b"<xml>\n\t<a>1</a>\r\n <b>2</b>\n</xml>\n", {"a": "1", "b": "2"}),
    "space within a value": (b"<xml><a> 1\n</a></xml>", {"a": " 1\n"}),
    "empty values": (b"<xml><a/><b></b></xml>", {"a": None, "b": None}),
    "nested": (b"<xml><a>\n <b>1</b>\n <c/></a></xml>", {"a": {"b": "1", "c": None}}),
    "one name at two levels": (
        b"<xml><a><a>1</a></a><b><a>2</a></b></xml>",
        {"a": {"a": "1"}, "b": {"a": "2"}},
    ),
    "declaration": (b'<?xml version="1.0" encoding="UTF-8"?><xml><a>1</a></xml>', {"a": "1"}),
    "declaration without encoding": (b'<?xml version="1.0"?>\n<xml><a>1</a></xml>', {"a": "1"}),
    "byte order mark": (b"\xef\xbb\xbf<xml><a>1</a></xml>", {"a": "1"}),
    "beyond the basic plane": ("<xml><a>审核😀</a></xml>".encode(), {"a": "审核😀"}),
    "names differing in case": (
        b"<xml><Reason>1</Reason><reason>2</reason></xml>",
        {"Reason": "1", "reason": "2"},
    ),
}


@pytest.mark.parametrize(("text", "children"), PASSED.values(), ids=PASSED.keys())
def test_honest_xml_passes_as_written(text, children):
    assert read(text) == ("xml", children)


def test_the_limits_themselves_are_allowed():
    assert len(read(sized(MAX_BYTES))[1]["a"]) > MAX_BYTES - 100
    assert len(read(flat(MAX_ELEMENTS).encode())[1]) == MAX_ELEMENTS - 1
    assert read(nested(MAX_DEPTH).encode()) == ("e0", {"e1": {"e2": {"e3": "x"}}})


def test_the_name_of_the_root_is_returned():
    assert read(b"<message><a>1</a></message>") == ("message", {"a": "1"})


def test_a_refusal_holds_nothing_of_the_text():
    for text in (b"<xml><a>canary</b></xml>", b"<xml>canary</xml>", b"<canary>&canary;</canary>"):
        with pytest.raises(UnreadableMessage) as caught:
            read(text)
        assert "canary" not in str(caught.value)


PIECES = [
    "<xml>",
    "</xml>",
    "<a>",
    "</a>",
    "<b/>",
    "x",
    " ",
    "&amp;",
    "&a;",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
]
PIECES += ["<!DOCTYPE a [", '<!ENTITY a "b">', "]>", "<?x", "?>", ' y="z"', "审", "\0", "<", ">"]


@settings(max_examples=400, deadline=None)
@given(
    st.binary(max_size=200)
    | st.lists(st.sampled_from(PIECES), max_size=30).map(lambda p: "".join(p).encode())
)
def test_any_bytes_end_in_fields_or_in_a_refusal(text):
    try:
        _, children = read(text)
    except UnreadableMessage:
        return
    assert children
    assert all(value is None or isinstance(value, str | dict) for value in children.values())


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,15}", fullmatch=True),
        st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1),
        min_size=1,
        max_size=20,
    )
)
def test_what_wechat_writes_is_read_back(fields):
    body = "".join(
        f"<{name}><![CDATA[{value.replace(']]>', ']]]]><![CDATA[>')}]]></{name}>"
        for name, value in fields.items()
    )
    assert read(f"<xml>{body}</xml>".encode()) == ("xml", fields)
