"""XHTML: its tags and texts, and the blocks that are read of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vvcli.script.epub.markup import Tag, Text, parse_markup
from vvcli.script.epub.xhtml import Anchors, xhtml_blocks


def said(text: str) -> list[str]:
    return [block.text for block in xhtml_blocks(text)]


def test_tags_and_texts() -> None:
    text = '<?xml?>a <!-- > -->b\n<x:P Title="1 > 2" epub:type=t/>&amp;<![CDATA[<i>]]></P>'
    assert list(parse_markup(text)) == [
        Text("a b\n", 1),
        Tag("p", {"title": "1 > 2", "type": "t"}, True, True, 2),
        Text("&<i>", 2),
        Tag("p", {}, False, True, 2),
    ]


def test_blocks_and_their_lines() -> None:
    found = xhtml_blocks("<body>\n<h2>A\n<i>b</i></h2>\n\n<p>\n c</p> d</body>")
    assert [(block.text, block.line) for block in found] == [("A b", 2), ("c", 6), ("d", 6)]
    assert [block.is_heading for block in found] == [True, False, False]


def test_lists_have_their_numbers() -> None:
    assert said('<ol start="3"><li>a</li><li><p>b</p><p>more</p><ul><li>c</li></ul></li></ol>') == [
        *("3. a", "4. b", "more", "c")
    ]
    assert said('<ol><li value="7">a<li>b</ol><ul><li>c</ul>') == ["7. a", "8. b", "c"]
    assert said(f'<ol start="{"9" * 5000}"><li>a</li></ol>') == ["1. a"]


def test_tables_are_read_row_by_row() -> None:
    text = (
        "<table><caption>T</caption><tr><td><p>a</p><p>b</p></td><td></td><td>c</td></tr></table>"
    )
    assert said(text) == ["T", "a b, c"]
    assert said("<p>x</p><table><tr><td>a<td>b<tr><td>c</table><p>y</p>") == ["x", "a, b", "c", "y"]


def test_line_breaks_are_pauses() -> None:
    assert said("<p><br/>a<br/>b.<br/>c<br/> <br/>d<br/></p>") == ["a, b. c, d"]


def test_code_is_read_a_line_each() -> None:
    found = xhtml_blocks("<pre>x = 1\n\n  y &lt; 2\n</pre><p>z\nz</p>")
    assert [(block.text, block.line) for block in found] == [("x = 1", 1), ("y < 2", 3), ("z z", 4)]


def test_pictures_and_formulas_are_their_words() -> None:
    assert said('<p>A<img alt="cat"/>sat. <math alttext="x squared"><mi>x</mi></math></p>') == [
        "A cat sat. x squared"
    ]
    assert said('<p>a</p><svg aria-label="a map"><text>no</text><g/></svg><p>b</p>') == [
        *("a", "a map", "b")
    ]


def test_what_is_no_text_is_left_out() -> None:
    for unread in (
        "<script>if (a < b) { '<p>' }</script>",
        "<style>p > b {}</style>",
        "<script/>",
        "<!-- no -->",
        '<a epub:type="noteref" href="#n">1</a>',
        '<a role="doc-noteref" href="#n"><sup>1</sup></a>',
        '<span epub:type="pagebreak" title="3"/>',
        '<span class="big pagenum">[3]</span>',
        "<span hidden=''>no <span>no</span></span>",
        "<rt>no</rt>",
    ):
        assert said(f"<p>a{unread}b</p><p>c</p>") == ["ab", "c"], unread
    assert said('<p>a</p><nav epub:type="toc"><ol><li>no</li></ol></nav><p>b</p>') == ["a", "b"]
    assert said("<head><title>no</title></head><body><p>a</p></body>") == ["a"]


def test_a_mark_that_never_ends_takes_no_more_than_its_paragraph() -> None:
    assert said('<p>a<a epub:type="noteref">1</p><p>b</p>') == ["a", "b"]
    assert said("<head><title>no</title><body><p>a</p>") == ["a"]


def test_anchors_are_the_block_they_stand_in() -> None:
    anchors = Anchors(["a", "b", "c", "d", "e"])
    text = '<p>0</p><div id="a"><h1 id="b">1</h1></div><p>x <a name="c"/>2</p><p id="no">3</p>'
    xhtml_blocks(text + '<hr id="d"/><p id="a">5</p><a id="e"/>', anchors)
    assert anchors == {"a": 1, "b": 1, "c": 2, "d": 4, "e": 6}


def test_mistakes_cost_nothing_but_themselves() -> None:
    assert said("<p>1 < 2 & 3 <> 4</p><p>b</p>") == ["1 < 2 & 3 <> 4", "b"]
    assert said("</div></p><p>a</p></ol></table></tr><li>b") == ["a", "b"]
    assert said("<p>a</p><p title='") == ["a"]
    assert said("<p>&#99999999999999999999; &#x110000; &bogus; &amp</p>") == [
        "\N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER} &bogus; &"
    ]


PIECES = st.sampled_from(
    [
        *(
            "<p>",
            "</p>",
            "<p",
            "<br/>",
            "<ol>",
            "<li>",
            "</ol>",
            "<tr>",
            "<td>",
            "<table>",
            "</tr>",
        ),
        *("<pre>", "</pre>", "<!--", "-->", "<![CDATA[", "]]>", "<?", "?>", "<!", ">", "<", "/>"),
        *("'", '"', "&amp;", "&#", "word", " ", "\n", "<script>", "</script>", "<svg>", "</svg>"),
        *("<a epub:type='noteref'>", "</a>", "<h1 id='x'>", "</h1>", "<img alt='y'/>", "<body>"),
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_anything_is_read(text: str) -> None:
    anchors = Anchors(["x"])
    found = xhtml_blocks(text, anchors)
    assert anchors.get("x", 0) <= len(found)
    for block in found:
        assert block.text == " ".join(block.text.split())
        assert 1 <= block.line <= text.count("\n") + 1


@given(st.lists(st.text(st.sampled_from("ab1.é "), min_size=1), max_size=5))
def test_paragraphs_are_all_of_the_text(words: list[str]) -> None:
    text = "".join(f"<div><p>{word}</p>\n</div>" for word in words)
    assert said(text) == [" ".join(word.split()) for word in words if word.strip()]
