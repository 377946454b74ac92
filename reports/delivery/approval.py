"""
Approval (审批): a person's name under the very bytes of a plan, and the clean copy in the vault.

A plan is a draft until somebody approves it, and a draft again as soon as one byte of it changes.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from planning.household.client import check_household
from reports.delivery.known_client import language_built
from reports.delivery.recipient import Recipient, recipient_of
from reports.delivery.standing import StandingPlan, revocation_facts, stands, touched_facts
from reports.delivery.vault import Archiving, archived, clean, digests, set_aside, vault_folder
from reports.run.fingerprint import changed_parts, fingerprint, shared_digests
from reports.run.ledger.approvals import (
    Mailbox,
    approval_of,
    clients_sent_to,
    enter_approval,
    enter_archive,
    enter_revocations,
    known_recipient,
    revoked_of,
)
from reports.run.ledger.login import login
from reports.run.pages.baseline import Baseline, baselines
from reports.run.pages.difference import difference

if TYPE_CHECKING:
    from reports.run.ledger.approvals import Approval, PlanKey, Signature
    from reports.run.ledger.ledger import DonePlan, Ledger
    from reports.run.ledger.rows import PlanRow

RefusalCode = Literal[
    "no_plan",
    "built_in_other",
    "failed",
    "being_built",
    "other_language",
    "altered",
    "no_client_file",
    "inputs_changed",
    "maker_unknown",
    "own_plan",
    "own_client",
    "far_change",
    "other_mailbox",
    "mailbox_alike",
    "mailbox_of_another",
    "revoked",
    "not_approved",
]

LAST_PLAN: Final = "last_plan"
THAN: Final = "than"
OPEN_STATES: Final = ("queued", "running")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a client's plan is not approved; `facts` fill the words of its code."""

    client: str
    code: RefusalCode
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Approved:
    """
    A plan that is approved; not `is_new` where it was so already.

    Parameters
    ----------
    overrides : the approval of the very same bytes that somebody had taken back.
    """

    approval: Approval
    is_new: bool
    overrides: Approval | None = None

    @property
    def client(self) -> str:
        """Whose it is."""
        return self.approval.key.client


@dataclass(frozen=True, slots=True)
class Desk:
    """
    What lies before the approver, and how strict the house is.

    Parameters
    ----------
    out, params, notebook, as_of, language : as the plans were built.
    is_four_eyes : whoever made a plan, or advises the client, may not approve it.
    has_seen_changes : the approver has looked at the book-wide table of changes.
    """

    out: Path
    params: Path
    notebook: Path
    as_of: date
    language: str
    is_four_eyes: bool = False
    has_seen_changes: bool = False

    @property
    def run_folder(self) -> Path:
        """Where the day's plans stand."""
        return self.out / self.as_of.isoformat()


class Approver:
    """
    One sitting of an approver at a desk, who holds the lock of the out folder.

    Parameters
    ----------
    signed : the name and the note that go under each plan.
    """

    def __init__(self, ledger: Ledger, desk: Desk, signed: Signature) -> None:
        self._ledger, self._desk, self._signed = ledger, desk, signed

    def approve(self, client: str) -> Approved | Refusal:
        """
        Approve the plan of one client, who was named singly.

        Raises
        ------
        OSError
            The vault or the ledger cannot be written; nothing has been approved.
        """
        return self._decided(client, is_named=True)

    def approve_all(self) -> Iterator[Approved | Refusal]:
        """
        The same of every client of the day, but for those to be looked at one by one.

        A plan that moved far waits for a look at the changes; one that would go to another
        mailbox than the last, or whose approval was taken back, waits to be named singly.
        """
        for client in sorted({*self._attempts, *self._plans}):
            yield self._decided(client, is_named=False)

    def revoke(self, client: str) -> tuple[Approval, ...] | Refusal:
        """Take back what was approved of a client's day, and move the clean copy aside."""
        desk = self._desk
        revoked = enter_revocations(self._ledger, client, desk.as_of, desk.language, self._signed)
        if not revoked:
            return Refusal(client, "not_approved")
        taken = {each.key.plan_sha256 for each in revoked}
        set_aside(vault_folder(desk.out, desk.as_of, client), taken)
        return revoked

    @cached_property
    def _plans(self) -> dict[str, DonePlan]:
        done = self._ledger.done_plans(self._desk.as_of, self._desk.language)
        return {plan.client: plan for plan in done.values()}

    @cached_property
    def _attempts(self) -> dict[str, PlanRow]:
        rows = self._ledger.last_attempts(self._desk.as_of, self._desk.language)
        return {row.client: row for row in rows}

    @cached_property
    def _before(self) -> Mapping[str, Baseline]:
        return baselines(self._ledger, self._desk.as_of, self._desk.language)

    @cached_property
    def _shared(self) -> Mapping[str, Mapping[str, str]]:
        return shared_digests(self._desk.params, self._desk.notebook)

    def _decided(self, client: str, *, is_named: bool) -> Approved | Refusal:
        plan = self._plans.get(client)
        if (refusal := self._unfinished(client, plan)) or plan is None:
            return refusal or self._no_plan(client)
        standing = stands(self._desk.run_folder, plan)
        if not isinstance(standing, StandingPlan):
            return Refusal(client, standing.code, touched_facts(standing, self._desk.language))
        recipient = cache(lambda: _mailbox_of(plan) if is_named else self._mailboxes[client])
        held = cache(lambda: self._held(plan, standing))
        questions: tuple[Callable[[], Refusal | None], ...] = (
            lambda: self._outdated(plan),
            lambda: self._same_eyes(plan, standing) if self._desk.is_four_eyes else None,
            lambda: None if is_named else self._revoked(standing.key),
            lambda: None if is_named else self._other_mailbox(plan, recipient()),
            lambda: None if is_named else self._mailbox_of_another(plan, recipient()),
            lambda: None if is_named or held() else self._unseen(plan),
        )
        refusal = _first(question() for question in questions)
        return refusal or self._approved(plan, standing, recipient())

    def _no_plan(self, client: str) -> Refusal:
        desk = self._desk
        other = language_built(self._ledger, client, desk.as_of, desk.language)
        if other is None:
            return Refusal(client, "no_plan")
        return Refusal(client, "built_in_other", {"other": other})

    def _unfinished(self, client: str, plan: DonePlan | None) -> Refusal | None:
        """A later attempt that made no plan: what stands is not what was asked for last."""
        row = self._attempts.get(client)
        if row is None or row.state == "done":
            return None
        if plan and row.run_id < plan.run_id:
            return None
        code: RefusalCode = "being_built" if row.state in OPEN_STATES else "failed"
        return Refusal(client, code, {"state": row.state})

    def _outdated(self, plan: DonePlan) -> Refusal | None:
        desk, file = self._desk, Path(plan.client_file)
        try:
            now = fingerprint(self._shared, file, desk.as_of, desk.language)
        except OSError:
            return Refusal(plan.client, "no_client_file")
        # Which earlier plan trends were read against is not asked again: it is in the plan.
        now[LAST_PLAN] = plan.fingerprint.get(LAST_PLAN, "")
        parts = changed_parts(plan.fingerprint, now)
        return Refusal(plan.client, "inputs_changed", {"parts": ",".join(parts)}) if parts else None

    def _held(self, plan: DonePlan, standing: StandingPlan) -> Approval | None:
        """The approval that these bytes have, and that counts."""
        key = standing.key
        held = approval_of(self._ledger, key.client, key.as_of, key.language, key.plan_sha256)
        return held if held and self._does_count(held, plan, standing) else None

    def _does_count(self, held: Approval, plan: DonePlan, standing: StandingPlan) -> bool:
        """With four eyes, not what the plan's maker or the client's advisor has approved."""
        if not self._desk.is_four_eyes:
            return True
        maker = self._ledger.run(plan.run_id).maker or ""
        own = (maker, standing.advisor)
        return held.approved_login != maker and not any(_same(held.approved_by, x) for x in own)

    def _same_eyes(self, plan: DonePlan, standing: StandingPlan) -> Refusal | None:
        maker = self._ledger.run(plan.run_id).maker
        if maker is None:
            return Refusal(plan.client, "maker_unknown")
        if maker == login() or _same(maker, self._signed.name):
            return Refusal(plan.client, "own_plan", {"maker": maker})
        if _same(standing.advisor, self._signed.name):
            return Refusal(plan.client, "own_client")
        return None

    def _unseen(self, plan: DonePlan) -> Refusal | None:
        before = self._before.get(plan.client)
        if self._desk.has_seen_changes or before is None or not plan.figures:
            return None
        marks = difference(before.figures, plan.figures).marks
        facts = {"marks": str(len(marks)), THAN: "approved" if before.is_approved else "built"}
        return Refusal(plan.client, "far_change", facts) if marks else None

    def _revoked(self, key: PlanKey) -> Refusal | None:
        revoked = revoked_of(self._ledger, key)
        return Refusal(key.client, "revoked", revocation_facts(revoked)) if revoked else None

    def _other_mailbox(self, plan: DonePlan, recipient: Mailbox | None) -> Refusal | None:
        before = known_recipient(self._ledger, plan.client)
        if recipient is None or before is None or before.sha256 == recipient.sha256:
            return None
        facts = {"before": before.masked, "now": recipient.masked, "file": plan.client_file}
        are_alike = before.masked == recipient.masked
        return Refusal(plan.client, "mailbox_alike" if are_alike else "other_mailbox", facts)

    def _mailbox_of_another(self, plan: DonePlan, recipient: Mailbox | None) -> Refusal | None:
        """A client file copied from another's may have kept its mailbox."""
        if recipient is None:
            return None
        known = known_recipient(self._ledger, plan.client)
        if known and known.sha256 == recipient.sha256:
            return None
        of_day = self._clients_by_mailbox[recipient.sha256]
        others = sorted((of_day | clients_sent_to(self._ledger, recipient)) - {plan.client})
        if not others:
            return None
        facts = {"now": recipient.masked, "others": ",".join(others), "file": plan.client_file}
        return Refusal(plan.client, "mailbox_of_another", facts)

    @cached_property
    def _mailboxes(self) -> Mapping[str, Mailbox | None]:
        """Where each plan of the day would go."""
        return {client: _mailbox_of(plan) for client, plan in self._plans.items()}

    @cached_property
    def _clients_by_mailbox(self) -> Mapping[str, set[str]]:
        """By digest: masks differ by a capital letter."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for client, mailbox in self._mailboxes.items():
            if mailbox:
                found[mailbox.sha256].add(client)
        return found

    def _approved(
        self, plan: DonePlan, standing: StandingPlan, recipient: Mailbox | None
    ) -> Approved:
        key, desk, held = standing.key, self._desk, self._held(plan, standing)
        if held and held.recipient == recipient and _is_archived(desk.out, held):
            return Approved(held, is_new=False)
        overridden, files = revoked_of(self._ledger, key), clean(standing.files)
        with Archiving(desk.out, desk.as_of, key.client, files) as archiving:
            approval, is_new = enter_approval(
                self._ledger,
                key,
                self._signed,
                digests(files),
                recipient,
                lambda held: self._does_count(held, plan, standing),
            )
            if not is_new:
                # Its copy was lost or touched: it is made again from the bytes that were approved.
                approval = enter_archive(self._ledger, approval, digests(files))
            archiving.finish(approval)
        return Approved(approval, is_new, overridden)


def _mailbox_of(plan: DonePlan) -> Mailbox | None:
    """Where a plan would go, as its client file says; None where it names no mailbox."""
    household, _ = check_household(Path(plan.client_file), plan.as_of)
    found = recipient_of(household) if household else None
    return Mailbox(found.sha256, found.masked) if isinstance(found, Recipient) else None


def _is_archived(out: Path, held: Approval) -> bool:
    return all(archived(out, held, name) is not None for name in held.archive)


def _first(refusals: Iterable[Refusal | None]) -> Refusal | None:
    return next((refusal for refusal in refusals if refusal), None)


def _same(one: str, other: str) -> bool:
    """Whether two names are one, however wide, spaced or capital their letters are."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
