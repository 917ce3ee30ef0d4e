"""The overview: is everything fine, and if not, what to do."""

from flask import Blueprint

from reactor import wellbeing
from reactor.pictures.gallery import pictures_of
from reactor.store import glances
from reactor.web.ops import speech
from reactor.web.ops.frame import page
from reactor.web.ops.office import Office


def add_overview(ops: Blueprint, office: Office) -> None:
    """Put it on the blueprint."""

    @ops.get("")
    @ops.get("/")
    def overview() -> str:
        now = office.clock()
        with office.store.read() as connection:
            glance = glances.look(connection, office.component_appid, now)
        return page(
            "overview.html",
            glance=glance,
            now=now,
            many=wellbeing.many,
            verdict=wellbeing.verdict(glance, now),
            matters=wellbeing.matters(glance, now),
            ticket=wellbeing.ticket_health(glance, now),
            ticket_left=wellbeing.TICKET_DEAD_SECONDS,
            calls=wellbeing.calls_health(glance),
            queue=wellbeing.queue_health(glance, now),
            pictures=pictures_of(office.store, now, speech.reader_lang()),
        )
