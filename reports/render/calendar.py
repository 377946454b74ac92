"""
A plan's days (检视日程) for a calendar: in full for the house, discreetly for a mail.

A mail's calendar travels in the clear, and a telephone shows its entries on a locked screen: that
one says on which days to look into the plan, and not why. Neither has an amount.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from planning.risk.review import OF_A_DEBT
from reports.exhibits.debts import debt_name
from reports.language import Language
from reports.theme.words import LANGUAGE_TAGS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from icalendar import Alarm, Event

    from planning.plan import LiabilityPlan
    from planning.risk.review import Review

PRODUCER: Final = "-//Liability Planner//Review days//EN"
NOTICE_DAYS: Final = 7
MORNING: Final = timedelta(hours=9)
"""An entry of a whole day begins at midnight; nobody is to be woken by it."""

_NAMES: Final = UUID("6f0f2d0e-6a0a-5d5b-9a54-3f1f6f9c2b71")


def write_calendar(plan: LiabilityPlan, language: str, path: Path) -> None:
    """
    Write every day of a plan with what it is about: a file that stays in the house.

    Parameters
    ----------
    plan : the plan.
    language : ``zh`` or ``en``.
    path : where the file goes; an existing one is replaced.
    """
    path.write_bytes(full_calendar(plan, language))


def full_calendar(plan: LiabilityPlan, language: str) -> bytes:
    """Every day of a plan with its kind, its debt or its goal, and the client's reference."""
    speech = Language(language)
    events = (
        _event(
            plan,
            speech,
            review.due_on,
            f"{review.code}/{review.subject}",
            f"{plan.client} · {speech.label('review', review.code)}",
            _subject(plan, review, speech),
            plan.as_of,
        )
        for review in plan.reviews
    )
    return _calendar(speech, events)


def discreet_calendar(plan: LiabilityPlan, language: str, written_on: date) -> bytes:
    """
    The days alone, one entry each; a meeting is the only one that is called by name.

    Parameters
    ----------
    written_on : day of the mail it goes with.

    Returns
    -------
    Days after that one; nothing at all where there are none.
    """
    speech = Language(language)
    ahead = groupby(_reviews_after(plan, written_on), key=lambda review: review.due_on)
    events = [
        _event(plan, speech, day, "", *_discreet_words(list(of_day), plan, speech), written_on)
        for day, of_day in ahead
    ]
    return _calendar(speech, events) if events else b""


def next_meeting(plan: LiabilityPlan, after: date) -> date | None:
    """The first day after another on which household and manager meet; None where none is set."""
    ahead = _reviews_after(plan, after)
    return next((review.due_on for review in ahead if review.code == "follow_up"), None)


def _reviews_after(plan: LiabilityPlan, day: date) -> list[Review]:
    return [review for review in plan.reviews if review.due_on > day]


def _discreet_words(
    of_day: Iterable[Review], plan: LiabilityPlan, speech: Language
) -> tuple[str, str]:
    kind = "meeting" if any(review.code == "follow_up" for review in of_day) else "day"
    advisor = plan.household.advisor
    contact = filter(None, (advisor.name, advisor.institution, advisor.contact))
    detail = speech.label("calendar", f"{kind}_detail")
    whom = speech.either("，", ", ").join(contact)
    return speech.label("calendar", kind), detail.format(whom=whom)


def _subject(plan: LiabilityPlan, review: Review, speech: Language) -> str:
    if review.code in OF_A_DEBT:
        return debt_name(plan.debt(review.subject), speech)
    return review.subject


def _calendar(speech: Language, events: Iterable[Event]) -> bytes:
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", PRODUCER)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("name", speech.label("calendar", "name"))
    for event in events:
        calendar.add_component(event)
    return calendar.to_ical()


def _event(
    plan: LiabilityPlan,
    speech: Language,
    day: date,
    about: str,
    summary: str,
    detail: str,
    seen_from: date,
) -> Event:
    """An entry that the next plan's replaces: its identity holds no more than it shows."""
    from icalendar import Event

    event = Event()
    event.add("uid", str(uuid5(_NAMES, f"{plan.client}/{day}/{about}")))
    event.add("dtstamp", datetime(*plan.as_of.timetuple()[:3], tzinfo=UTC))
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))
    event.add("summary", summary, parameters={"LANGUAGE": LANGUAGE_TAGS[speech.code]})
    if detail:
        event.add("description", detail)
    # Nobody is busy all day for it.
    event.add("transp", "TRANSPARENT")
    event.add("class", "PRIVATE")
    event.add_component(_alarm(summary, (day - seen_from).days))
    return event


def _alarm(summary: str, days_left: int) -> Alarm:
    """A week before in the morning; the day before, or the same day, where a week is past."""
    from icalendar import Alarm

    notice = NOTICE_DAYS if days_left > NOTICE_DAYS else min(days_left, 1)
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", summary)
    alarm.add("trigger", MORNING - timedelta(days=notice))
    return alarm
