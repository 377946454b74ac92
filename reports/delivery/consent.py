"""
Whether a household has agreed that its plan is sent (授权), and the reasons why mails stay back.

An old risk assessment or questionnaire keeps nothing back: what lapses with them is advice on
investments, and a liability plan gives none. It says itself that they are due.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from reports.language import Language
from reports.run.artefacts import VAULT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from planning.household.profile import Household

RefusalCode = Literal[
    "no_plan_consent",
    "no_email_consent",
    "consent_to_come",
    "consent_ended",
    "no_address",
    "password_not_set",
    "password_weak",
    "password_store",
    "no_plan",
    "built_in_other",
    "altered",
    "other_language",
    "unapproved",
    "changed_since_approval",
    "approval_revoked",
    "archive_altered",
    "client_file_changed",
    "client_file_gone",
    "client_file_invalid",
    "invalid_address",
    "oversize",
    "cannot_protect",
    "approved_elsewhere",
    "approved_alike",
    "password_shared",
    "own_plan",
    "maker_unknown",
    "sent_before",
    "sent_elsewhere",
    "sent_in_other_language",
    "unclear_before",
    "newer_sent",
    "superseded",
]


@dataclass(frozen=True, slots=True)
class Refusal:
    """
    Why a plan is not sent, and what would change that.

    Parameters
    ----------
    code : a key of the labels ``delivery_refusal``.
    facts : what its sentence names; never a name, an address or a password. Days are ISO texts
        under names that end in ``_on``.
    """

    code: RefusalCode
    facts: Mapping[str, str] = field(default_factory=dict)

    def sentence(self, language: str) -> str:
        """
        What is in the way and what to do about it.

        Examples
        --------
        >>> Refusal("consent_ended", {"ends_on": "2026-10-31"}).sentence("en")
        'The consent ended on 31 Oct 2026: have it renewed and write the new days into `consents`.'
        """
        speech = Language(language)
        shown = {
            name: speech.day(value) if name.endswith("_on") else value
            for name, value in self.facts.items()
        }
        return speech.label("delivery_refusal", self.code).format_map(shown)


def consent_refusals(household: Household, on: date) -> tuple[Refusal, ...]:
    """
    What the household has not agreed to, every reason at once; empty where all is well.

    Parameters
    ----------
    on : the day the mail would go out, which may be long after the day of the plan; the last
        day of a consent still counts.
    """
    return tuple(_refusals(household, on))


def _refusals(household: Household, on: date) -> Iterator[Refusal]:
    consents = household.consents
    if not consents.plan_document:
        yield Refusal("no_plan_consent")
    if not consents.email:
        yield Refusal("no_email_consent", {"copy": VAULT})
    if consents.given_on > on:
        yield Refusal("consent_to_come", {"given_on": consents.given_on.isoformat()})
    if consents.ends_on is not None and consents.ends_on < on:
        yield Refusal("consent_ended", {"ends_on": consents.ends_on.isoformat()})
