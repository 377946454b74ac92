"""The copy that leaves opens with its own password, with no other, and is still readable aloud."""

from __future__ import annotations

import io
from datetime import date

import pikepdf
import pypdfium2
import pytest

from reports.delivery.protect import encrypted, is_locked, require_protected
from reports.render.document import Document
from reports.render.pdf import pdf_document
from reports.theme.errors import PublishError

PASSWORD = "3ac7-hkmp-w9ty-4def-nrx3"
NAME = "罗女士"
ONE_PAGE = Document(
    title=f"家庭负债规划书 {NAME}",
    language="zh",
    as_of=date(2026, 11, 22),
    client="example-08-first-loan",
    institution="示例银行",
)


@pytest.fixture(scope="module")
def clear():
    """A tagged page, as the archive has it."""
    return pdf_document("<h2>负债</h2><p>每月还款 1,234 元</p>", ONE_PAGE)


@pytest.fixture(scope="module")
def locked(clear):
    """The same page as it leaves."""
    return encrypted(clear, PASSWORD)


def opened(pdf, password=PASSWORD):
    """The file for whoever knows its password."""
    return pikepdf.open(io.BytesIO(pdf), password=password)


def test_it_opens_with_its_own_password_and_no_other(locked):
    """An independent reader agrees."""
    for wrong in ("", "password", PASSWORD.upper(), PASSWORD[:-1], f"{PASSWORD} ", "x" * 127):
        with pytest.raises(pikepdf.PasswordError):
            opened(locked, wrong)
        with pytest.raises(pypdfium2.PdfiumError):
            pypdfium2.PdfDocument(locked, password=wrong)
    document = pypdfium2.PdfDocument(locked, password=PASSWORD)
    assert "1,234 元" in document[0].get_textpage().get_text_range()
    document.close()


def test_it_is_encrypted_with_aes_256_throughout(locked):
    """ISO 32000-2, 7.6: V 5, R 6, AESV3 for streams, strings and metadata."""
    with opened(locked) as document:
        scheme = document.trailer.Encrypt
        assert (int(scheme.V), int(scheme.R)) == (5, 6)
        assert str(scheme.CF.StdCF.CFM) == "/AESV3"
        assert (str(scheme.StmF), str(scheme.StrF)) == ("/StdCF", "/StdCF")
        assert scheme.get("/EncryptMetadata", True)


def test_reading_aloud_and_printing_are_allowed_and_nothing_else(locked):
    """The bits of ISO 32000-2, table 22, numbered from 1: 3 and 12 print, 10 reads aloud."""
    with opened(locked) as document:
        bits = int(document.trailer.Encrypt.P) & 0xFFFFFFFF
        allowed = {bit for bit in (3, 4, 5, 6, 9, 10, 11, 12) if bits >> (bit - 1) & 1}
        assert allowed == {3, 10, 12}
        assert document.allow.accessibility
        assert not document.allow.extract


def test_it_claims_to_be_accessible_and_no_longer_an_archive(clear, locked):
    """PDF/A forbids encryption; tags, language and the claim of PDF/UA stay."""
    with pikepdf.open(io.BytesIO(clear)) as before, before.open_metadata() as metadata:
        assert metadata["pdfaid:part"] == "2"
    with opened(locked) as document:
        with document.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1"
            assert not [name for name in metadata if "pdfa/ns/id" in name]
        assert bool(document.Root.MarkInfo.Marked)
        assert document.Root.StructTreeRoot.K
        assert document.Root.Lang == "zh-CN"
        assert document.Root.ViewerPreferences.DisplayDocTitle


def test_nothing_of_the_client_stands_outside_of_the_encryption(clear, locked):
    """Not the title, in no encoding, nor an identity of the file that is made from it."""
    for text in (NAME, "家庭负债规划书", "示例银行", "example-08"):
        for encoding in ("utf-8", "utf-16-be", "utf-16-le"):
            assert text.encode(encoding) not in locked
    assert PASSWORD.encode() not in locked
    with pikepdf.open(io.BytesIO(clear)) as before, opened(locked) as after:
        assert bytes(before.trailer.ID[0]) != bytes(after.trailer.ID[0])
        assert NAME in str(after.docinfo.Title)


def test_the_file_is_sound(clear, locked):
    """The same pages, and no complaint of the checker."""
    with pikepdf.open(io.BytesIO(clear)) as before, opened(locked) as after:
        assert len(before.pages) == len(after.pages)
        assert after.check_pdf_syntax() == []


@pytest.mark.parametrize(
    "password", ["", "密码密码密码密码", "with space", "line\nbreak", "x" * 128]
)
def test_what_readers_would_encode_differently_is_no_password(clear, password):
    """And it is not repeated."""
    with pytest.raises(ValueError, match="printable ASCII") as refused:
        encrypted(clear, password)
    assert not password or password not in str(refused.value)


def test_what_cannot_be_protected_is_refused(clear, locked):
    """A file that is none, one that is locked already, one that would open without a password."""
    for file in (b"", b"%PDF-1.7 no", locked):
        with pytest.raises(PublishError):
            encrypted(file, PASSWORD)
    with pytest.raises(PublishError, match="without a password"):
        require_protected(clear, PASSWORD)
    with pytest.raises(PublishError, match="own password"):
        require_protected(locked, "another-password")
    assert (is_locked(clear), is_locked(locked), is_locked(b"none")) == (False, True, False)


def test_weaker_encryption_is_refused(clear):
    """AES-128 of revision 4 asks for a password too, and is not what is promised."""
    made = io.BytesIO()
    with pikepdf.open(io.BytesIO(clear)) as document:
        document.save(made, encryption=pikepdf.Encryption(user=PASSWORD, owner="o", R=4))
    with pytest.raises(PublishError, match="AES-256"):
        require_protected(made.getvalue(), PASSWORD)
