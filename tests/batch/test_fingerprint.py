from __future__ import annotations

from dataclasses import fields, replace

from vvcli.batch.fingerprint import RunSettings, fingerprint
from vvcli.script.record import Record

SETTINGS = RunSettings(
    "model", seed=0, cfg_scale=1.5, steps=5, dtype="auto", split="none", format="wav 24000"
)
RECORD = Record(3, "Hello there.", "a.txt:4")


def of(settings: RunSettings = SETTINGS, record: Record = RECORD, voice: str = "v") -> str:
    return fingerprint(settings, [record], [voice], [0.0])


def test_it_is_the_same_tomorrow() -> None:
    # Raise VERSION when this must change: it makes every batch anew.
    assert of() == "7393dfc6101ced678b1ceeadcf426450"


def test_what_is_heard_is_in_it() -> None:
    others = [
        *(of(replace(SETTINGS, **{each.name: 7})) for each in fields(RunSettings)),  # type: ignore[arg-type]
        of(record=replace(RECORD, text="Hello there")),
        of(record=replace(RECORD, seed=0)),  # a seed of its own: noise without the index
        of(record=replace(RECORD, seed=1)),
        of(record=replace(RECORD, cfg_scale=2)),
        of(voice="w"),
        fingerprint(SETTINGS, [RECORD], ["v"], [0.1]),
        fingerprint(SETTINGS, [RECORD, RECORD], ["v", "v"], [0.0, 0.0]),
    ]
    assert len({of(), *others}) == len(others) + 1


def test_what_is_not_heard_is_not() -> None:
    moved = replace(RECORD, index=9, source="b.txt:10", id="x", output="y", voice="other name")
    assert of(record=moved) == of()
    assert of(replace(SETTINGS, cfg_scale=9), replace(RECORD, cfg_scale=2)) == of(
        record=replace(RECORD, cfg_scale=2)
    )
