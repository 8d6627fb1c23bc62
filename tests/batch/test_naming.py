from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.batch.naming import FIELDS, Name, NameTemplate, slug
from vvcli.errors import UsageError

NAME = Name("part 1/book", 7, "utt-7", "hello-there", "Ada")


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{stem}/{n:05d}", "part 1/book/00007"),
        ("{n}", "7"),
        ("{n:3}", "  7"),
        ("{n:03}", "007"),
        ("{n:d}", "7"),
        ("{id}", "utt-7"),
        ("{voice}-{slug}", "Ada-hello-there"),
        ("a{{{n}}}", "a{7}"),
        ("plain", "plain"),
    ],
)
def test_templates(template: str, name: str) -> None:
    assert NameTemplate(template).render(NAME) == name


@pytest.mark.parametrize(
    "template",
    [
        *("{", "}", "{}", "{0}", "{text}", "{STEM}", "{ n }", "{n.real}", "{stem.__class__}"),
        *("{stem[0]}", "{n!r}", "{stem!s}", "{n:x}", "{n:05f}", "{n:>5}", "{n:,}", "{n:{id}}"),
        *("{n:100000000d}", "{n:100}", "{stem:5}", "{id:05d}", "{n:05d", "{n:00d}"),
    ],
)
def test_templates_that_are_none(template: str) -> None:
    with pytest.raises(UsageError, match="is no template of names"):
        NameTemplate(template)


@given(st.text(st.sampled_from("{}nsid:05.!_[]a"), max_size=12))
def test_any_template_is_rendered_or_refused(text: str) -> None:
    try:
        template = NameTemplate(text)
    except UsageError:
        return
    assert template.fields <= set(FIELDS)
    assert len(template.render(NAME)) < 99 * (len(text) + 1)


@given(st.text(), st.text())
def test_values_are_never_templates(stem: str, slug: str) -> None:
    name = Name(stem, 1, "{n}", slug, "{voice.__class__}")
    assert NameTemplate("{stem}{id}{slug}{voice}").render(name) == (
        f"{stem}{{n}}{slug}{{voice.__class__}}"
    )


def test_an_id_that_is_missing() -> None:
    name = Name("book", 1, None, "x", "Ada")
    with pytest.raises(UsageError, match="has no id"):
        NameTemplate("{id}").render(name)
    assert NameTemplate("{n}").render(name) == "1"


@given(st.lists(st.integers(1, 10**6), min_size=2, unique=True))
def test_numbers_keep_their_order(numbers: list[int]) -> None:
    template = NameTemplate("{n:07d}")
    names = [template.render(Name("", n, None, "", "")) for n in sorted(numbers)]
    assert names == sorted(names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello there.", "hello-there"),
        ("  Crème brûlée, 2×!", "crème-brûlée-2"),
        ("Всё хорошо…", "всё-хорошо"),
        ("今日は。", "今日は"),
        ("?!", "untitled"),
        ("", "untitled"),
        ("../../etc/passwd", "etc-passwd"),
        ("a_b\x00c", "a-b-c"),
    ],
)
def test_slugs(text: str, words: str) -> None:
    assert slug(text) == words


@given(st.text(st.characters(exclude_categories=())))
def test_a_slug_is_a_name(text: str) -> None:
    name = slug(text)
    assert 0 < len(name.encode()) <= 60
    assert not set(name) & set(string.punctuation.replace("-", "") + string.whitespace)
    assert name == name.strip("-")
    assert slug(name) == name
