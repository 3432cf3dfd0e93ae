"""The guards of reminders: where each stands, how it is taken away, and which figure must notice."""

from __future__ import annotations

from proofs.guards import Guard

YEARS, KILLS = ("reminder_years", "sqlite", ""), ("reminder_kills", "sqlite", "")
WRONG = "messages_wrongly_sent"

REMINDERS = (
    Guard("nobody is asked at night", "portal/domain/gate.py", "        if not ends:\n            return at\n",
          "        if at:\n            return at\n", YEARS, WRONG),
    Guard("whoever wants no reminders gets none", "portal/domain/gate.py", "    if situation.opted_out:\n",
          "    if situation.opted_out and not situation.address:\n", YEARS, WRONG),
    Guard("a business may pause all it sends", "portal/domain/gate.py",
          "    if situation.paused and situation.message_class == COLLECTING:\n",
          "    if situation.paused and situation.message_class == ESSENTIAL:\n", YEARS, WRONG),
    Guard("an address that bounced is left alone", "portal/domain/gate.py",
          '    if situation.address_state != "ok":\n', "    if not situation.address_state:\n", YEARS, WRONG),
    Guard("an email names the sums of the moment it leaves", "portal/services/last_look.py",
          "        if owed is not None:\n            _write_anew(",
          "        if owed is not None and message.body_text:\n            _write_anew(", YEARS, WRONG),
    Guard("each step says why", "portal/services/reminder_sweep.py",
          '"outcome": outcome.what, "reason": outcome.reason,', '"outcome": outcome.what, "reason": "",', YEARS,
          "messages_without_reason"),
    Guard("a killed worker's emails are taken over", "portal/services/delivery.py",
          "               or_(Message.leased_until.is_(None), Message.leased_until <= now))\n",
          "               Message.leased_until.is_(None))\n", KILLS, "messages_lost"),
    Guard("every try has the same Message-ID", "portal/services/last_look.py",
          '    if "@" not in message.message_id:\n        message.message_id = message_id(rt, message.message_id)\n',
          '    message.message_id = message_id(rt, f"{message.public_id}.{message.attempts}")\n', KILLS,
          "messages_doubled"),
)
