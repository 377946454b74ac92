"""
A client's case (个案): what stands on the disk and in the ledger, and why it may not go out yet.

Every reason is found at once. What is approved, archived and consented to is a mail; the rest is
kept back with its reasons.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, cast
from urllib.parse import parse_qsl, urlencode

from reports.delivery.consent import Refusal, consent_refusals
from reports.delivery.history import History
from reports.delivery.journal import Journal
from reports.delivery.known_client import language_built
from reports.delivery.mails import Addressed, MailKey
from reports.delivery.recipient import MASK, Recipient, digest_of, recipient_of
from reports.delivery.standing import StandingPlan, Touched, revocation_facts, stands, touched_facts
from reports.delivery.vault import PDF, archived, vault_folder
from reports.run.artefacts import VAULT
from reports.run.ledger.approvals import Approval, PlanKey, approval_of, plan_digest, revoked_of

if TYPE_CHECKING:
    from planning.household.profile import Household
    from reports.delivery.consent import RefusalCode
    from reports.run.ledger.ledger import DonePlan, Ledger

DELIVERY_FIELD: Final = "delivery"

_NOT_SAID_ONCE: Final = {"copy": VAULT, "other": "…"}
"""What reasons did not name when earlier versions entered them."""


@dataclass(frozen=True, slots=True)
class Day:
    """The plans of a day in a language, and the folder they stand in."""

    as_of: date
    language: str
    out: Path

    @property
    def run_folder(self) -> Path:
        """Where the plans of the day stand."""
        return self.out / self.as_of.isoformat()


@dataclass(frozen=True, slots=True)
class Case:
    """
    A client's mail before it is written.

    Parameters
    ----------
    refusals : why it is kept back; empty where it may go.
    recipient : None where there is none.
    plan, approval : what it is made from, as the ledger has them.
    """

    addressed: Addressed
    refusals: tuple[Refusal, ...]
    recipient: Recipient | None
    plan: DonePlan | None = None
    approval: Approval | None = None

    @property
    def client(self) -> str:
        """The client's reference."""
        return self.addressed.key.client


@dataclass(frozen=True, slots=True)
class Look:
    """
    Where cases are read from, and how strict the house is.

    Parameters
    ----------
    journal : what has gone, kept beside the ledger.
    is_four_eyes : a plan that its own maker approved stays back.
    """

    ledger: Ledger
    day: Day
    journal: Journal = field(repr=False)
    is_four_eyes: bool = False

    @classmethod
    def at(cls, ledger: Ledger, day: Day, *, is_four_eyes: bool = False) -> Self:
        """A look at what stands now; ClientFileError where the journal cannot be read."""
        return cls(ledger, day, Journal(day.out), is_four_eyes)

    @property
    def today(self) -> date:
        """The day the mails would go out, which consents are read against."""
        return self.ledger.now().astimezone().date()


def cases_of(look: Look, clients: Iterable[str]) -> tuple[Case, ...]:
    """The cases of clients, by reference; of every plan of the day where none is named."""
    day = look.day
    plans = {plan.client: plan for plan in look.ledger.done_plans(day.as_of, day.language).values()}
    asked = tuple(dict.fromkeys(clients)) or tuple(sorted(plans))
    return tuple(case_of(look, client, plans.get(client)) for client in asked)


def case_of(look: Look, client: str, plan: DonePlan | None) -> Case:
    """A client's case; `plan` is the one that stands, None where there is none."""
    ledger, day = look.ledger, look.day
    if plan is None:
        return _without_plan(ledger, day, client)
    digest = plan_digest(plan.artefacts)
    approval = approval_of(ledger, client, day.as_of, day.language, digest)
    recipient, consents = _recipient(plan, look.today)
    refusals = _with_copy(consents, vault_folder(day.out, day.as_of, client) / PDF)
    addressed = _addressed(day, client, digest, recipient)
    found = (
        *_plan_refusals(ledger, day, plan, approval),
        *_own_approval(look, plan, approval),
        *_other_mailbox(approval, recipient),
        *refusals,
        *(History(ledger, look.journal).repeats(addressed) if recipient else ()),
    )
    return Case(addressed, found, recipient, plan, approval)


def case_again(look: Look, case: Case) -> Case:
    """The case as it stands now: plan, approval, files, consent and mailbox are read anew."""
    if case.plan is None:
        return case
    found = look.ledger.last_done(case.plan.client_file, look.day.as_of)
    is_it = found is not None and (found.client, found.language) == (case.client, look.day.language)
    return case_of(look, case.client, found if is_it else case.plan)


def reason_text(refusal: Refusal) -> str:
    """A refusal as the ledger keeps it."""
    return f"{refusal.code}?{urlencode(dict(refusal.facts))}".rstrip("?")


def reason_words(text: str, language: str) -> str:
    """The sentence of a reason that the ledger has kept; itself where it is a person's note."""
    code, _, facts = text.partition("?")
    try:
        known = _NOT_SAID_ONCE | dict(parse_qsl(facts))
        return Refusal(cast("RefusalCode", code), known).sentence(language)
    except (KeyError, ValueError):
        return text


def kept_back(case: Case, *refusals: Refusal) -> Case:
    """The case with reasons that came to light later."""
    return replace(case, refusals=(*case.refusals, *refusals))


def _without_plan(ledger: Ledger, day: Day, client: str) -> Case:
    """A case to be told of; its digest is no plan's."""
    nothing = sha256(f"no plan {day.as_of} {day.language}".encode()).hexdigest()
    other = language_built(ledger, client, day.as_of, day.language)
    refusal = Refusal("built_in_other", {"other": other}) if other else Refusal("no_plan")
    return Case(_addressed(day, client, nothing, None), (refusal,), None)


def _addressed(day: Day, client: str, digest: str, recipient: Recipient | None) -> Addressed:
    to = recipient.sha256 if recipient else digest_of("")
    shown = recipient.masked if recipient else MASK
    return Addressed(MailKey(client, digest, to), day.as_of, day.language, shown)


def _plan_refusals(
    ledger: Ledger, day: Day, plan: DonePlan, approval: Approval | None
) -> Iterator[Refusal]:
    """What is wrong with the plan itself."""
    found = stands(day.run_folder, plan)
    if isinstance(found, Touched):
        yield Refusal(found.code, touched_facts(found, day.language))
    if approval is None:
        yield _not_approved(ledger, day, plan)
    elif archived(day.out, approval) is None and not _is_of_other_language(found):
        yield Refusal("archive_altered")
    now = _digest_of_file(Path(plan.client_file))
    if now is not None and now != plan.fingerprint.get("client_file"):
        yield Refusal("client_file_changed")


def _own_approval(look: Look, plan: DonePlan, approval: Approval | None) -> Iterator[Refusal]:
    """With four eyes (双人复核) the approver is not the maker, wherever it was approved."""
    if not look.is_four_eyes or approval is None:
        return
    maker = look.ledger.run(plan.run_id).maker
    if not maker:
        yield Refusal("maker_unknown")
    elif maker == approval.approved_login:
        yield Refusal("own_plan")


def _other_mailbox(approval: Approval | None, recipient: Recipient | None) -> Iterator[Refusal]:
    """An approval is for the mailbox it was given for."""
    if approval is None or recipient is None:
        return
    before = approval.recipient
    if before is None or before.sha256 != recipient.sha256:
        facts = {"before": before.masked if before else MASK, "now": recipient.masked}
        are_alike = facts["before"] == facts["now"]
        yield Refusal("approved_alike" if are_alike else "approved_elsewhere", facts)


def _is_of_other_language(found: StandingPlan | Touched) -> bool:
    """Whether the other language's plan took the place, in the folder and in the archive."""
    return isinstance(found, Touched) and found.code == "other_language"


def _not_approved(ledger: Ledger, day: Day, plan: DonePlan) -> Refusal:
    """Whether it never was, is no longer what was approved, or was taken back."""
    digest = plan_digest(plan.artefacts)
    revoked = revoked_of(ledger, PlanKey(plan.client, day.as_of, day.language, digest))
    if revoked is not None:
        return Refusal("approval_revoked", revocation_facts(revoked))
    was_approved = _was_approved(ledger, day, plan.client)
    return Refusal("changed_since_approval" if was_approved else "unapproved")


def _was_approved(ledger: Ledger, day: Day, client: str) -> bool:
    """Whether some other state of the day's plan holds an approval."""
    import sqlalchemy as sa

    from reports.run.ledger.tables import approvals

    asked = sa.select(sa.func.count()).where(
        approvals.c.client == client,
        approvals.c.as_of == day.as_of,
        approvals.c.language == day.language,
        approvals.c.revoked_at.is_(None),
    )
    with ledger.reading() as connection:
        return bool(connection.scalar(asked))


def _recipient(plan: DonePlan, today: date) -> tuple[Recipient | None, tuple[Refusal, ...]]:
    """Whom the client file names as of now, and what it does not consent to."""
    from planning.household.client import check_household

    path = Path(plan.client_file)
    if not path.is_file():
        return None, (Refusal("client_file_gone"),)
    household, problems = check_household(path, plan.as_of)
    if household is None:
        is_address = any(each.field.startswith(DELIVERY_FIELD) for each in problems)
        return None, (Refusal("invalid_address" if is_address else "client_file_invalid"),)
    return _consented(household, today)


def _consented(household: Household, today: date) -> tuple[Recipient | None, tuple[Refusal, ...]]:
    refusals = consent_refusals(household, today)
    found = recipient_of(household)
    if isinstance(found, Refusal):
        return None, (*refusals, found)
    return found, refusals


def _with_copy(refusals: tuple[Refusal, ...], copy: Path) -> tuple[Refusal, ...]:
    """Refusals with the document to be printed named by the one that asks for paper."""
    return tuple(
        replace(each, facts={"copy": str(copy)}) if "copy" in each.facts else each
        for each in refusals
    )


def _digest_of_file(path: Path) -> str | None:
    """A file's digest; None where it cannot be read."""
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
