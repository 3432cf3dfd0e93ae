"""What the office's forms share: errors in the reader's words, and the code that weighty acts ask for.

A form reads its named fields and nothing else. `ProvenForm` is for refunds, exports, keys and the like: in one go it
takes the code and the rest, and a wrong code loses nothing that was typed. `ReviewedForm` shows what it would do first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, StringField
from wtforms.validators import StopValidation

from portal.domain.errors import Refusal
from portal.domain.money import parse_amount
from portal.routes.admin import desk
from portal.routes.shared.errors import status_of
from portal.routes.shared.runtime import runtime
from portal.services import staff_proof
from portal.words.core import current


class Filled:
    """Refuse a field left empty, with a sentence marked for translation; `required` shows on the field."""

    def __init__(self, message: str) -> None:
        self.message = message
        self.field_flags = {"required": True}

    def __call__(self, form: FlaskForm, field: Field) -> None:
        """Stop at an empty field."""
        if not (field.data.strip() if isinstance(field.data, str) else field.data):
            raise StopValidation(current().text(self.message))


class OfficeForm(FlaskForm):  # type: ignore[misc]
    """A form of the office. `sent()` says whether it came and is right; `does()` does it, or shows why not."""

    status = 422
    outcome: Any = None

    def sent(self) -> bool:
        """Say whether the form was sent and every field is right."""
        return bool(self.validate_on_submit())

    def refuse(self, refusal: Refusal, field: str = "") -> None:
        """Show a refusal at a field, or above the form when it speaks of none."""
        said = current().refusal(refusal)
        if field:
            self[field].errors = [*self[field].errors, said]
        else:
            self.form_errors.append(said)

    def amount_of(self, field: Any, currency: str) -> int:
        """Read an amount that was typed into one of its fields; 0 with the reason beside it when it is none."""
        try:
            minor = parse_amount(field.data or "", currency, current().decimal_mark)
            if minor <= 0:
                raise Refusal("invalid", "amount_negative")
        except Refusal as refusal:
            self.refuse(refusal, field.name)
            return 0
        return minor

    def does(self, work: Callable[[], object], at: Mapping[str, str] | None = None) -> bool:
        """Do what was asked and say whether it was done; a refusal is shown at the field `at` names for its code.

        What is not there or not allowed is no matter of the form, and leaves it, unless `at` names it. What came of it
        is in `outcome`.
        """
        try:
            self.outcome = work()
        except Refusal as refusal:
            fields = at or {}
            if refusal.kind in ("not_found", "not_allowed") and refusal.code not in fields:
                raise
            self.status = status_of(refusal)
            self.refuse(refusal, fields.get(refusal.code, ""))
            return False
        return True


class ProvenForm(OfficeForm):
    """A form for something weighty; place `proof_field(form)` from admin/components/proof.html inside it."""

    proof = StringField()

    @property
    def asks_for_proof(self) -> bool:
        """Say whether the code must be entered now; for ten minutes after a right one it need not."""
        return not desk.visit().is_proven(runtime().now())

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the fields, and only when all are right the code, so that a slip elsewhere uses none up."""
        return bool(super().validate(extra_validators)) and (not self.asks_for_proof or self._prove())

    def _prove(self) -> bool:
        visit = desk.visit()
        try:
            at = staff_proof.prove(
                runtime(), staff_id=visit.staff.id, session_id=visit.session_id, email=visit.staff.email,
                typed=self.proof.data or "", network=desk.network())
        except Refusal as refusal:
            # What is shown again must be a fresh code; the field comes back empty.
            self.proof.data = ""
            self.refuse(refusal, "proof")
            return False
        desk.proven(at)
        return True


class ReviewedForm(ProvenForm):
    """A form that first shows what it would do, on its own page, and does it when exactly that is confirmed.

    Call `review(form)` from admin/components/proof.html first in it. Changed after the look, it is shown again.
    """

    reviewed = HiddenField()
    # Named by the button that asks for another look.
    look = HiddenField()
    # What is about to happen, while it is looked at; the template says it in words.
    outlook: Any = None

    def is_confirmed(self, outlook: object, *facts: object) -> bool:
        """Say whether the person has seen this outlook for these facts and goes on; if not, the page shows it now."""
        shown = ":".join(map(str, (outlook, *facts)))
        confirmed = bool(self.reviewed.data == shown and not self.look.data)
        self.reviewed.data, self.outlook, self.status = shown, outlook, 200
        return confirmed

    def refuse(self, refusal: Refusal, field: str = "") -> None:
        """Show a refusal; whatever comes next is looked at anew."""
        super().refuse(refusal, field)
        self.reviewed.data, self.outlook = "", None
