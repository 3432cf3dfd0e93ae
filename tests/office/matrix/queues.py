"""Who may see what waits, and who may answer it."""

from __future__ import annotations

from tests.office.matrix import OfficePart, OfficeRow, said


def _question(office: OfficePart) -> str:
    return office.part.question.public_id


ITEM = {"name": said("questions"), "item": _question}
ROWS = {
    ("office.queues", "GET"): OfficeRow("see", canary=True, others=("200",)),
    ("office.queue", "GET"): OfficeRow("see", canary=True, target={"name": said("questions")}, others=("200",)),
    ("office.queue_item", "GET"): OfficeRow("see", canary=True, target=ITEM),
    ("office.queue_act", "POST"): OfficeRow(
        "work", own="303 /office/requests/questions", target=ITEM,
        form={"answer": said("note"), "words": said("She called already.")}),
}
