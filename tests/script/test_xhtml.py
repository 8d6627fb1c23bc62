"""XHTML: its tags and texts, and the blocks that are read of it."""

from __future__ import annotations

import pytest
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
        '<span style="color: red; display:NONE">no</span>',
        "<select><option>no</option></select>",
    ):
        assert said(f"<p>a{unread}b</p><p>c</p>") == ["ab", "c"], unread
    assert said('<p>a</p><nav epub:type="toc"><ol><li>no</li></ol></nav><p>b</p>') == ["a", "b"]
    assert said("<head><title>no</title></head><body><p>a</p></body>") == ["a"]


@pytest.mark.parametrize(
    "notes",
    [
        '<aside epub:type="footnote" id="n"><p>no</p></aside>',
        '<aside role="doc-footnote"><p>no</p></aside>',
        '<section epub:type="endnotes"><h2>no</h2><ol><li>no</li></ol></section>',
        '<section role="doc-endnotes"><p>no</p></section>',
        '<div epub:type="rearnotes"><div epub:type="rearnote">no</div></div>',
        '<ol><li epub:type="endnote">no <a role="doc-backlink" href="#r">no</a></li></ol>',
        '<section class="footnotes"><hr/><ol><li id="fn1"><p>no</p></li></ol></section>',
        '<p class="small footnote">no</p>',
        '<section epub:type="index"><ul><li>no, <a href="a#p3">3</a></li></ul></section>',
    ],
)
def test_notes_and_indices_are_left_out(notes: str) -> None:
    assert said(f"<p>a</p>{notes}<p>b</p>") == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        # The ways in which books mark a note: none of them is said.
        ('word<sup><a href="n.xhtml#n1" id="r">1</a></sup> on', "word on"),
        ('word.<a href="#n1"><sup>12</sup></a> On', "word. On"),
        ('word <a href="#n1"><sup>12</sup></a> on', "word on"),
        ('word<sup><a href="#a">b</a></sup> on', "word on"),
        ('word<a id="r"></a><a href="#n1" class="fnanchor">[1]</a> on', "word on"),
        ('word<a href="#n1">[1]</a> on<a href="#n2">*</a>.', "word on."),
        ('word<a href="n.xhtml#1">1</a> on', "word on"),
        ('<a href="#r1">[1]</a> A note. <a href="#r1">↩</a>', "A note."),
        ("said.”<sup>3</sup> Word<sup>[4]</sup> and<sup>†</sup> on", "said.” Word and on"),
        ('1990<sup><a href="#n">3</a></sup> 10<a href="#n"><sup>4</sup></a>', "1990 10"),
        # These are text.
        ("E=mc<sup>2</sup>, 10<sup>12</sup>, H<sub>2</sub>O", "E=mc², 10¹², H₂O"),
        ("the 1<sup>st</sup>, M<sup>c</sup>Gee, x<sub>i</sub>", "the 1st, McGee, xi"),
        ('see note <a href="#n1">3</a>, <a href="#c">Chapter 1</a>', "see note 3, Chapter 1"),
        ('<a href="#toc">The 7<sup>2</sup> steps</a>', "The 7² steps"),
        ('word<a href="https://a.example/">1</a>', "word1"),
        ("word<sup>1</a></sub> on", "word1 on"),
    ],
)
def test_marks_of_notes_are_not_said_and_figures_are(text: str, read: str) -> None:
    assert said(f"<p>{text}</p>") == [read]


def test_a_break_after_a_mark_alone_is_none() -> None:
    assert said("<p><sup>1</sup><br/>a</p>") == ["a"]


@pytest.mark.parametrize(
    "mark",
    [
        '<sup><a href="#n1">1</a></sup>',
        '<a href="#n1">[1]</a>',
        '<a epub:type="noteref" href="#n">1</a>',
        "<sup>†</sup>",
        '<span epub:type="pagebreak" title="5"/>',
    ],
)
def test_a_mark_leaves_no_hole_before_a_stop(mark: str) -> None:
    assert said(
        f"<p>a {mark}. b {mark} , c{mark} ; “d {mark}” (e {mark}\n{mark}) f {mark}!</p>"
    ) == ["a. b, c; “d” (e) f!"]
    assert said(f"<p>a {mark}<i>.</i> <i>b {mark}</i>? c {mark} d</p>") == ["a. b? c d"]
    # These stand apart, with a mark before them and without.
    assert said(f"<p>a {mark} . . . b {mark} ... c {mark} ’tis {mark}“d” : e</p>") == [
        "a . . . b ... c ’tis “d” : e"
    ]


def test_a_break_is_no_second_pause() -> None:
    assert said("<h1>“Wait!”<br/>he said —<br/>and<i>.”</i><br/>So</h1>") == [
        "“Wait!” he said — and.” So"
    ]


def test_quotations_have_their_marks() -> None:
    assert said("<p>He said <q>a <q>b</q></q>.</p><p></q><q>c</p><p><q>d</q></p>") == [
        *("He said “a ‘b’”.", "“c", "“d”")
    ]


def test_formulas_without_words_are_their_signs() -> None:
    assert said(
        "<p><math><mi>x</mi><mo>=</mo><mfrac><mn>1</mn><mrow><mi>n</mi><mo>+</mo><mn>1</mn></mrow>"
        "</mfrac><annotation>no</annotation></math> <math><msup><mi>y</mi><mn>2</mn></msup>"
        "<msqrt><mn>3</mn></msqrt></math><mfrac>a</mfrac></p>"
    ) == ["x=1 over n+1 y^2 the square root of 3a"]


def test_pictures_that_say_nothing_are_silent() -> None:
    assert said(
        '<p>a <img src="x.png"/><img alt=""/><img alt="fig1.JPG"/><img alt="Image"/> b</p>'
        '<h1><img src="c.png" alt="Chapter One"/></h1><p><img src="t.png" alt="T"/>he end</p>'
    ) == ["a b", "Chapter One", "The end"]


def test_shapes_of_publishers() -> None:
    """Drop caps, small capitals, verses, pages of the printed edition, spans in spans."""
    assert said(
        '<p><span class="dropcap">T</span>he <span><span>b</span>ro</span>wn <small>F</small>OX</p>'
    ) == ["The brown FOX"]
    assert said('<p>some<span epub:type="pagebreak" title="5"></span>thing<wbr/>s</p>') == [
        "somethings"
    ]
    assert said(
        '<div class="stanza"><span>The woods are lovely,<br/></span><span>dark<br/></span></div>'
    ) == ["The woods are lovely, dark"]
    assert said('<h2>CHAPTER I<br/>The Beginning</h2><a href="x"><p>b</p></a>') == [
        *("CHAPTER I, The Beginning", "b")
    ]


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
        *("<sup>", "</sup>", "<a href='#n'>", "<q>", "</q>", "1", "<math>", "<mfrac>", "</mfrac>"),
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
