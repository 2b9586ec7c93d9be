"""C-CDA documents as they come: good, faulty in one entry, hostile, or none at all."""

from importlib.resources import files

import pytest

from careengine.wire.ccda import CcdaDocument, CcdaUnreadable, Number, read_ccda

SAMPLES = files("caretown").joinpath("sample/ccda")
GOOD = SAMPLES.joinpath("referral_cardiology_version_2.xml").read_text()
HEAD, BODY = GOOD.split("<ClinicalDocument", 1)
EXPANDING = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))


def why(document: str | bytes) -> str:
    raw = document if isinstance(document, bytes) else document.encode()
    with pytest.raises(CcdaUnreadable) as refused:
        read_ccda(raw)
    return refused.value.why


def kinds(document: CcdaDocument) -> set[str]:
    return {one["resourceType"] for one in document.resources}


def test_a_referral_note_tells_its_numbers_its_words_and_its_entries() -> None:
    document = read_ccda(GOOD.encode())

    assert document.id == Number("urn:oid:2.16.840.1.113883.19.5.4711.1", "LAK-DOC-20417-2")
    assert document.set_id == Number("urn:oid:2.16.840.1.113883.19.5.4711.2", "LAK-SET-20417")
    assert (document.version, document.kind) == (2, "57133-1")
    assert document.written == "20261103090000-0500"
    assert document.unread == ()
    assert {"Patient", "Practitioner", "ServiceRequest", "Coverage", "DiagnosticReport"} <= kinds(document)
    reason = next(section.text for section in document.sections if section.code == "42349-1")
    assert reason.split("\n")[1].startswith("Question: would you arrange ambulatory monitoring")


def test_an_entry_that_cannot_be_converted_costs_its_section_and_nothing_else() -> None:
    allergen = GOOD[
        GOOD.index('<participant typeCode="CSM">') : GOOD.index("</observation>", GOOD.index("CSM"))
    ]
    document = read_ccda(GOOD.replace(allergen, "").encode())

    assert document.unread == ("48765-2",)
    assert {"Patient", "ServiceRequest", "Coverage", "DiagnosticReport"} <= kinds(document)
    assert "AllergyIntolerance" not in kinds(document)
    assert any("No known allergies" in section.text for section in document.sections)


def test_a_narrative_of_lists_tables_and_breaks_becomes_lines() -> None:
    table = (
        "<table><thead><tr><th>Sign</th><th>Since</th></tr></thead>"
        "<tbody><tr><td>Syncope</td><td>May</td></tr></tbody></table>"
        "<list><item>One<br/>two</item></list>a &amp; b"
    )
    start, end = GOOD.index("<paragraph>Palpitations"), GOOD.index("</text>")
    document = read_ccda((GOOD[:start] + table + GOOD[end:]).encode())

    assert document.sections[0].text.split("\n") == ["Sign; Since;", "Syncope; May;", "One", "two", "a & b"]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        pytest.param("", "not_xml", id="nothing"),
        pytest.param(b"\x00\xff\x00", "not_xml", id="no letters"),
        pytest.param(GOOD[: len(GOOD) // 2], "not_xml", id="cut off"),
        pytest.param("<html/>", "not_clinical_document", id="another kind of document"),
        pytest.param("<ClinicalDocument/>", "not_clinical_document", id="in no namespace"),
        pytest.param('<ClinicalDocument xmlns="urn:hl7-org:v3"/>', "no_id", id="without a number"),
        pytest.param(
            '<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2"/></ClinicalDocument>',
            "no_patient",
            id="without a patient",
        ),
        pytest.param(
            f'{HEAD}<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><ClinicalDocument{BODY}',
            "has_dtd",
            id="a file of ours wanted",
        ),
        pytest.param(
            f'<!DOCTYPE x [<!ENTITY e0 "ha">{EXPANDING}]><ClinicalDocument>&e11;</ClinicalDocument>',
            "has_dtd",
            id="a billion laughs",
        ),
        pytest.param(
            '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><ClinicalDocument/>',
            "has_dtd",
            id="a DTD elsewhere",
        ),
        pytest.param(
            '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY e "ha">]><x/>'.encode("utf-16"),
            "has_dtd",
            id="a DTD in wide letters",
        ),
        pytest.param("<a>" * 5000 + "</a>" * 5000, "not_xml", id="deeper than any document"),
        pytest.param(
            f'<ClinicalDocument xmlns="urn:hl7-org:v3">{"<a/>" * 200_001}</ClinicalDocument>',
            "too_large",
            id="more elements than any document",
        ),
        pytest.param(b" " * (8 * 1024 * 1024 + 1), "too_large", id="larger than is read"),
    ],
)
def test_what_cannot_be_read_or_would_do_harm_is_refused_with_a_code(
    document: str | bytes, reason: str
) -> None:
    assert why(document) == reason


def test_nothing_of_a_document_is_repeated_in_its_refusal() -> None:
    with pytest.raises(CcdaUnreadable) as refused:
        read_ccda(GOOD.replace("</given>", "", 1).encode())

    assert "Koelpin" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_document_is_read_without_a_word_in_any_log(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    read_ccda(GOOD.encode())
    why('<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2"/></ClinicalDocument>')
    said = capfd.readouterr()

    assert (said.out, said.err, caplog.text) == ("", "", "")


@pytest.mark.parametrize("version", ["", "two", "99999999999"])
def test_a_version_that_is_no_number_is_the_first(version: str) -> None:
    document = read_ccda(
        GOOD.replace('<versionNumber value="2"/>', f'<versionNumber value="{version}"/>').encode()
    )
    assert document.version == 1


def test_without_a_set_the_document_is_its_own() -> None:
    start, end = GOOD.index("<setId"), GOOD.index("<versionNumber")
    document = read_ccda((GOOD[:start] + GOOD[end:]).encode())
    assert document.set_id == document.id
