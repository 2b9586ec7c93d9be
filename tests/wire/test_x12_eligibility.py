"""A 270 and a 271 survive the way there and back; whatever else comes is refused by name."""

import os
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careengine.wire.x12 import (
    MOST_BYTES,
    Answer,
    Inquiry,
    Person,
    Rejected,
    Said,
    X12Unreadable,
    X12Unsendable,
    build_270,
    build_271,
    read_270,
    read_271,
)

EXAMPLES = Path(os.environ.get("CAREENGINE_TEST_DATA", Path(__file__).parents[3] / "shared" / "data")) / "x12"
AT = datetime(2026, 11, 2, 15, 0, tzinfo=UTC)
ANN = Person(last="LEE", first="ANN", member="M100", born=date(1980, 1, 2), sex="F")
KIM = Person(last="LEE", first="KIM", born=date(2019, 5, 6))
ASKED = Inquiry(
    sender="1999999984", receiver="842610001", control=7, created=AT, trace="ABC123", origin="9999999984",
    payer_id="842610001", payer_name="TOWN HEALTH PLAN", asker_id="1999999984", asker_name="HARBOUR TOWN",
    subscriber=ANN, day=date(2026, 11, 20), services=("30",),
)  # fmt: skip
FOR_KIM = replace(ASKED, subscriber=Person(member="M100"), dependent=KIM)
ACTIVE = Said(status="1", begin=date(2026, 1, 1), end=date(2026, 12, 31), at=AT)
GOLDEN_270 = (
    b"ISA*00*          *00*          *ZZ*1999999984     *ZZ*842610001      *261102*1500*^*00501*000000007*0"
    b"*P*:~"
    b"GS*HS*1999999984*842610001*20261102*1500*7*X*005010X279A1~ST*270*0001*005010X279A1~"
    b"BHT*0022*13*ABC123*20261102*1500~HL*1**20*1~NM1*PR*2*TOWN HEALTH PLAN*****PI*842610001~HL*2*1*21*1~"
    b"NM1*1P*2*HARBOUR TOWN*****XX*1999999984~HL*3*2*22*0~TRN*1*ABC123*9999999984~"
    b"NM1*IL*1*LEE*ANN****MI*M100~"
    b"DMG*D8*19800102*F~DTP*291*D8*20261120~EQ*30~SE*13*0001~GE*1*7~IEA*1*000000007~"
)
GOLDEN_271 = (
    b"ISA*00*          *00*          *ZZ*842610001      *ZZ*1999999984     *261102*1500*^*00501*000000007*0"
    b"*P*:~"
    b"GS*HB*842610001*1999999984*20261102*1500*7*X*005010X279A1~ST*271*0001*005010X279A1~"
    b"BHT*0022*11*ABC123*20261102*1500~HL*1**20*1~NM1*PR*2*TOWN HEALTH PLAN*****PI*842610001~HL*2*1*21*1~"
    b"NM1*1P*2*HARBOUR TOWN*****XX*1999999984~HL*3*2*22*0~TRN*2*ABC123*9999999984~"
    b"NM1*IL*1*LEE*ANN****MI*M100~"
    b"DMG*D8*19800102*F~DTP*346*D8*20260101~DTP*347*D8*20261231~EB*1**30~SE*14*0001~GE*1*7~IEA*1*000000007~"
)


def test_the_bytes_of_a_question_and_an_answer_are_these() -> None:
    assert build_270(ASKED) == GOLDEN_270
    assert build_271(ASKED, ACTIVE) == GOLDEN_271


@pytest.mark.parametrize("asked", [ASKED, FOR_KIM], ids=["the subscriber", "a child"])
def test_a_question_reads_back_as_it_was_asked(asked: Inquiry) -> None:
    assert read_270(build_270(asked)) == asked


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=80)


@given(WORDS, WORDS, WORDS)
def test_no_name_or_number_breaks_out_of_its_element(last: str, first: str, member: str) -> None:
    asked = replace(ASKED, subscriber=Person(last=last, first=first, member=member, born=date(1980, 1, 2)))
    try:
        read = read_270(build_270(asked))
    except X12Unsendable:
        return

    assert read.trace == ASKED.trace
    assert read.day == ASKED.day
    assert read.subscriber.born == date(1980, 1, 2)


def test_accents_and_separators_become_what_x12_can_carry() -> None:
    asked = replace(ASKED, subscriber=replace(ANN, last="Müller~Núñez*", first="Zoë"))

    assert read_270(build_270(asked)).subscriber.last == "MULLER NUNEZ"


def test_a_question_without_a_name_is_not_sent() -> None:
    with pytest.raises(X12Unsendable) as refused:
        build_270(replace(ASKED, subscriber=Person(member="M100", born=date(1980, 1, 2))))

    assert refused.value.why == "x12.does_not_fit_the_guide"


@pytest.mark.parametrize("asked", [ASKED, FOR_KIM], ids=["the subscriber", "a child"])
def test_an_answer_comes_back_under_the_questions_number_with_the_plans_days(asked: Inquiry) -> None:
    answer = read_271(build_271(asked, replace(ACTIVE, other="842610099")))

    assert answer.traces == ("ABC123",)
    assert (answer.begin, answer.end) == (date(2026, 1, 1), date(2026, 12, 31))
    assert [one.info for one in answer.benefits] == ["1", "R"]
    assert answer.benefits[1].related == (("PRP", "842610099"),)
    assert answer.conforms


@pytest.mark.parametrize(
    ("level", "code"),
    [("2000A", "42"), ("2100A", "42"), ("2100B", "51")]
    + [("2100C", code) for code in ("42", "58", "71", "72", "73", "75", "76")],
)
def test_a_rejection_is_read_at_its_level(level: str, code: str) -> None:
    said = Said(rejected=(Rejected(level=level, code=code, follow_up="R" if code == "42" else "C"),), at=AT)
    answer = read_271(build_271(ASKED, said))

    assert [(one.level, one.code) for one in answer.rejected] == [(level, code)]


def test_a_rejection_of_a_child_is_read_at_the_childs_level() -> None:
    said = Said(rejected=(Rejected(level="2100D", code="71", follow_up="C"),), at=AT)

    assert [one.level for one in read_271(build_271(FOR_KIM, said)).rejected] == ["2100D"]


def test_a_payer_that_names_nobody_but_itself_may_say_that_it_cannot_answer() -> None:
    raw = _changed(GOLDEN_271, lambda body: [*body[:2], "AAA*Y**42*R", body[2]])

    assert [one.level for one in read_271(raw).rejected] == ["2000A"]


@pytest.mark.parametrize("info", ["1", "2", "5", "6", "7", "8", "U", "V", "W", "R", "I"])
def test_every_benefit_code_is_read_as_it_stands(info: str) -> None:
    raw = GOLDEN_271.replace(b"EB*1**30", b"EB*" + info.encode() + b"**30")

    assert [one.info for one in read_271(raw).benefits] == [info]


def test_an_answer_without_a_benefit_is_read_as_saying_nothing() -> None:
    raw = _changed(GOLDEN_271, lambda body: [one for one in body if not one.startswith("EB")])

    assert read_271(raw).benefits == ()


def test_what_the_library_would_refuse_whole_is_read_for_what_it_says() -> None:
    odd = _changed(GOLDEN_271, lambda body: [*body[:-1], "REF*ZZ*WHATEVER", "EB*1**30"])
    answer = read_271(odd)

    assert not answer.conforms
    assert [one.info for one in answer.benefits] == ["1"]


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda raw: raw.replace(b"~", b"~\r\n"),
        lambda raw: raw.replace(b"~", b"~\n"),
        lambda raw: raw.replace(b"~", b"\n"),
        lambda raw: raw.replace(b"~", b"\r\n"),
        lambda raw: b"\r\n  " + raw + b"\r\n",
        lambda raw: raw.replace(b"*", b"|").replace(b":", b">"),
        lambda raw: raw.replace(b"~", b"\x1c").replace(b"*", b"\x1d"),
    ],
    ids=["CRLF after", "LF after", "LF alone", "CRLF alone", "space around", "bars", "control separators"],
)
def test_line_ends_and_separators_are_the_senders_choice(rewrite: Callable[[bytes], bytes]) -> None:
    assert read_271(rewrite(GOLDEN_271)).traces == ("ABC123",)
    assert read_270(rewrite(GOLDEN_270)) == ASKED


def _changed(raw: bytes, change: Callable[[list[str]], list[str]]) -> bytes:
    """Change the segments between ST and SE and count them anew."""
    segments = raw.decode().split("~")[:-1]
    body = change(segments[3:-3])
    whole = [*segments[:3], *body, f"SE*{len(body) + 2}*0001", *segments[-2:]]
    return "~".join(whole).encode() + b"~"


BROKEN = {
    "empty": (b"", "no_isa"),
    "words": (b"Dear payer, is Ann insured?", "no_isa"),
    "html": (b"<html><body>502 Bad Gateway</body></html>", "no_isa"),
    "cut in the middle": (GOLDEN_271[:300], "truncated"),
    "cut before IEA": (GOLDEN_271[:-21], "truncated"),
    "cut in ISA": (GOLDEN_271[:60], "truncated"),
    "no bytes of text": (b"ISA" + bytes(range(128, 256)), "not_text"),
    "a null in a name": (GOLDEN_271.replace(b"ANN", b"A\x00N"), "control_characters"),
    "a separator that is a letter": (GOLDEN_271.replace(b"*", b"A"), "wrong_separators"),
    "one separator for two": (GOLDEN_271.replace(b"~", b"*"), "wrong_separators"),
    "a wrong count": (GOLDEN_271.replace(b"SE*14", b"SE*15"), "wrong_counts"),
    "a count that is a word": (GOLDEN_271.replace(b"SE*14", b"SE*XX"), "wrong_counts"),
    "numbers that contradict": (
        GOLDEN_271.replace(b"IEA*1*000000007", b"IEA*1*000000008"),
        "wrong_control_numbers",
    ),
    "the same transaction twice": (
        GOLDEN_271.replace(
            b"GE*1", GOLDEN_271[GOLDEN_271.index(b"ST*") : GOLDEN_271.index(b"GE*1")] + b"GE*1"
        ),
        "several_transactions",
    ),
    "a question for an answer": (GOLDEN_270, "not_a_271"),
    "an old version": (GOLDEN_271.replace(b"005010X279A1", b"004010X092A1"), "wrong_version"),
    "two people": (
        _changed(GOLDEN_271, lambda b: [*b, "HL*4*2*22*0", "TRN*2*X*9999999984", "NM1*IL*1*ROE*JO****MI*M2"]),
        "several_people",
    ),
    "an unknown level": (_changed(GOLDEN_271, lambda b: [*b, "HL*4*3*99*0"]), "wrong_levels"),
    "nobody": (_changed(GOLDEN_271, lambda b: b[:5]), "no_subscriber"),
    "a year thirteen months long": (
        GOLDEN_271.replace(b"*20261102*1500*7", b"*20261302*1500*7"),
        "wrong_dates",
    ),
    "far too long": (GOLDEN_271 + b" " * MOST_BYTES, "too_long"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_refused_by_name(name: str) -> None:
    raw, why = BROKEN[name]
    with pytest.raises(X12Unreadable) as refused:
        read_271(raw)

    assert refused.value.why == f"x12.{why}"


@pytest.mark.parametrize(
    ("gone", "why"),
    [("NM1*PR", "no_payer"), ("NM1*1P", "no_provider"), ("NM1*IL", "no_subscriber"), ("TRN", "no_trace")],
)
def test_a_question_must_say_who_asks_whom_about_whom(gone: str, why: str) -> None:
    raw = _changed(GOLDEN_270, lambda body: [one for one in body if not one.startswith(gone)])
    with pytest.raises(X12Unreadable) as refused:
        read_270(raw)

    assert refused.value.why == f"x12.{why}"


def test_bytes_changed_at_random_are_read_or_refused_and_nothing_else_happens() -> None:
    chance = random.Random(20261102)
    for _ in range(1500):
        raw = bytearray(chance.choice((GOLDEN_270, GOLDEN_271)))
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(raw))
            match chance.randrange(3):
                case 0:
                    raw[at] = chance.randrange(256)
                case 1:
                    del raw[at : at + chance.randint(1, 40)]
                case _:
                    raw[at:at] = bytes(raw[at : at + chance.randint(1, 40)])
        for read in (read_270, read_271):
            with suppress(X12Unreadable):
                assert isinstance(read(bytes(raw)), Inquiry | Answer)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for read in (read_270, read_271):
        with pytest.raises(X12Unreadable):
            read(raw)


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the public X12 examples are not on this machine")
def test_the_public_examples_are_read() -> None:
    asked = read_270(next(EXAMPLES.glob("*dependent*.270")).read_bytes())
    answers = [read_271(path.read_bytes()) for path in sorted(EXAMPLES.glob("*.271"))]

    assert (asked.subscriber.member, asked.patient.first, asked.day) == (
        "11122333301",
        "MARY",
        date(2006, 5, 1),
    )
    assert [one.traces for one in answers] == [("93175-012547",)] * 2
    assert all(one.benefits[0].info == "1" and one.begin == date(2006, 1, 1) for one in answers)
    assert all(one.conforms for one in answers)
