"""Markdown: blocks without their marks, with the line where each begins."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vvcli.frontend.commands import parse_commands
from vvcli.script.markdown import blocks, read_markdown

TEXT = """---
title: x
---
# A *title*

First `code` and [a link](https://ex.com "t"),
on two lines.

- one
- [x] two
  1. deep **item**

| Name | Age |
|------|-----|
| Ada  | 36  |

```python
print("hi")

x = 1
```

![a cat](cat.png) <b>bold</b> and<br>more

***

<div>html <i>here</i></div>
"""


def test_a_command_in_code_is_not_obeyed() -> None:
    text = "`[[voice x]]` [[pause 1s]]\n\n```\n[[pause 2s]]\n```\n"
    found = [parse_commands(block.text) for block in blocks(text)]
    assert [[float(segment.pause) for segment in segments] for segments in found] == [[1.0], [0.0]]


def test_blocks_are_read_without_their_marks() -> None:
    assert [(block.text, block.line) for block in blocks(TEXT)] == [
        ("A title", 4),
        ("First code and a link, on two lines.", 6),
        ("one", 9),
        ("[x] two", 10),
        ("1. deep item", 11),
        ("Name, Age", 13),
        ("Ada, 36", 15),
        ('print("hi")', 18),
        ("", 19),
        ("x = 1", 20),
        ("a cat bold and, more", 23),
        ("", 25),
        ("html here", 27),
    ]
    assert blocks(TEXT)[0].is_heading


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\nb", ["a b"]),
        ("a\n\nb", ["a", "b"]),
        ("> quoted", ["quoted"]),
        ("Title\n=====", ["Title"]),
        ("~~gone~~ `x`", ["gone x"]),
        ("<!-- no -->\n\nyes", ["", "yes"]),
        ("<https://ex.com>", ["https://ex.com"]),
        ("\\*plain\\*", ["*plain*"]),
        ("one\\\ntwo", ["one, two"]),
        ("a<br>b<BR />c<br/>\n<br>d<br>", ["a, b, c, d"]),
        ("# One.<br>Two<br>*“Three?”*<br>four &lt;br>", ["One. Two, “Three?” four <br>"]),
        ("", []),
        ("---", [""]),
        ("5 &lt; 6", ["5 < 6"]),
    ],
)
def test_each_kind_of_block(text: str, said: list[str]) -> None:
    assert [block.text for block in blocks(text)] == said


@settings(deadline=None)
@given(st.text(alphabet="ab \n#*_`[]()<>|-+1.!~\\&;", max_size=120))
def test_no_letter_of_plain_text_is_lost(text: str) -> None:
    for block in blocks(text):
        assert "\n" not in block.text
        assert block.text == block.text.strip()


def opened(data: bytes) -> io.BufferedReader:
    return io.BufferedReader(io.BytesIO(data))


def test_records_have_their_lines() -> None:
    records = list(read_markdown(opened(TEXT.encode()), "book.md", 5))
    assert [(r.index, r.source) for r in records[:2]] == [(5, "book.md:4"), (6, "book.md:6")]


def test_what_is_not_text_is_a_failed_record() -> None:
    (record,) = read_markdown(opened(b"# \xff"), "book.md")
    assert record.error is not None
    assert "not UTF-8" in record.error
