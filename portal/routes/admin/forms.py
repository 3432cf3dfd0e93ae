"""What the office's forms share: errors in the reader's words, and the code that weighty acts ask for.

A form reads its named fields and nothing else. `ProvenForm` is for refunds, exports, keys and the like: in one go it
takes the code and the rest, and a wrong code loses nothing that was typed.
"""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, StringField
from wtforms.validators import StopValidation

from portal.domain.errors import Refusal
from portal.routes.admin import desk
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
    """A form of the office. `sent()` says whether it came and is right; `refuse()` shows why a service said no."""

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
