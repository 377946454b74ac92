"""
The copy of a plan that leaves the house: encrypted, and still readable aloud.

AES-256 as ISO 32000-2 has it (revision 6). The archive's copy stays as it is: PDF/A forbids
encryption, so this one no longer claims to be PDF/A; it still is PDF/UA.
"""

from __future__ import annotations

import io
import secrets
from typing import TYPE_CHECKING, Final

from reports.theme.errors import PublishError

if TYPE_CHECKING:
    import pikepdf

LONGEST_PASSWORD: Final = 127
"""Bytes that revision 6 takes; a reader drops the rest."""

PDFA_CLAIMS: Final = ("pdfaid:part", "pdfaid:conformance", "pdfaid:amd", "pdfaid:rev")
ENCRYPTED_ALREADY: Final = "the plan's file is encrypted already; take the archive's copy"
_OWNER_BYTES: Final = 32


def encrypted(pdf: bytes, password: str) -> bytes:
    """
    A PDF that opens with its password alone.

    Reading aloud and printing are allowed; changing, copying out, annotating and taking pages
    apart are not. Titles and metadata are encrypted with the rest. The owner's password, which
    would lift these bounds, is random and kept nowhere.

    Parameters
    ----------
    pdf : in the clear.
    password : printable ASCII without spaces, which every reader encodes alike.

    Raises
    ------
    ValueError
        The password cannot be one; it is not repeated.
    PublishError
        The file is no PDF or is encrypted already, or what was made is not protected as it should.
    """
    import pikepdf

    _require_usable(password)
    try:
        with pikepdf.open(io.BytesIO(pdf)) as document:
            if document.is_encrypted:
                raise PublishError(ENCRYPTED_ALREADY)
            _drop_archive_claim(document)
            # Typst's is a digest of title and author, and it would stand outside of the encryption.
            del document.trailer.ID
            protected = _saved(document, password)
    except pikepdf.PasswordError:
        raise PublishError(ENCRYPTED_ALREADY) from None
    except pikepdf.PdfError:
        raise PublishError("the plan's file cannot be read as a PDF; build it again") from None
    require_protected(protected, password)
    return protected


def require_protected(pdf: bytes, password: str) -> None:
    """
    Make sure that a file is encrypted as promised and opens with its password alone.

    Raises
    ------
    PublishError
        It does not.
    """
    import pikepdf

    if not is_locked(pdf):
        raise PublishError("the plan's file opens without a password; it is not sent")
    try:
        with pikepdf.open(io.BytesIO(pdf), password=password) as document:
            scheme = document.encryption
            is_strong = (scheme.V, scheme.R, scheme.bits) == (5, 6, 256)
            if not (is_strong and scheme.stream_method == pikepdf.models.EncryptionMethod.aesv3):
                raise PublishError("the plan's file is not encrypted with AES-256")
    except pikepdf.PasswordError:
        raise PublishError("the plan's file does not open with its own password") from None


def is_locked(pdf: bytes) -> bool:
    """Whether a PDF asks for a password; what is no PDF does not."""
    import pikepdf

    try:
        pikepdf.open(io.BytesIO(pdf)).close()
    except pikepdf.PasswordError:
        return True
    except pikepdf.PdfError:
        return False
    return False


def _require_usable(password: str) -> None:
    is_plain = password.isascii() and password.isprintable() and " " not in password
    if not (password and is_plain and len(password) <= LONGEST_PASSWORD):
        raise ValueError("a password is 1 to 127 printable ASCII characters without spaces")


def _drop_archive_claim(document: pikepdf.Pdf) -> None:
    with document.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as metadata:
        for claim in PDFA_CLAIMS:
            if claim in metadata:
                del metadata[claim]


def _saved(document: pikepdf.Pdf, password: str) -> bytes:
    import pikepdf

    allowed = pikepdf.Permissions(
        accessibility=True,
        print_lowres=True,
        print_highres=True,
        extract=False,
        modify_annotation=False,
        modify_assembly=False,
        modify_form=False,
        modify_other=False,
    )
    scheme = pikepdf.Encryption(
        user=password,
        owner=secrets.token_urlsafe(_OWNER_BYTES),
        R=6,
        aes=True,
        metadata=True,
        allow=allowed,
    )
    made = io.BytesIO()
    document.save(
        made,
        encryption=scheme,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
        fix_metadata_version=False,
    )
    return made.getvalue()
