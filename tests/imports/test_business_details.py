"""An owner adds what a business needs on the command line; what is not right is said and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from portal import cli
from portal.db import Database
from portal.models import AuditEvent, Business
from tests import cast

LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" fill="#2f5d3a"/></svg>'


def run(db: Database, folder: Path, *arguments: str) -> tuple[int, str]:
    app = Flask("portal")
    app.extensions["portal"] = cast.make_runtime(db, folder)
    cli.install(app)
    result = app.test_cli_runner().invoke(args=["set-business", *arguments])
    return result.exit_code, result.output


def business(db: Database, slug: str) -> Business:
    with db.reading() as session:
        return session.scalars(select(Business).where(Business.slug == slug)).one()


def test_details_are_set_and_leave_one_event(db: Database, tmp_path: Path) -> None:
    slug = cast.someone_owes(db, 5_00).business.slug
    (tmp_path / "logo.svg").write_text(LOGO)
    code, said = run(
        db, tmp_path, slug, "--stripe-account", "acct_1Alder", "--logo", str(tmp_path / "logo.svg"), "--hours",
        "en=Monday to Friday", "--hours", "es=Lunes a viernes", "--check", "en=on your bill", "--bank",
        "Account number=0044 1187")
    assert code == 0, said
    found = business(db, slug)
    assert (found.stripe_account, found.logo_svg) == ("acct_1Alder", LOGO)
    assert found.contact_hours == {"en": "Monday to Friday", "es": "Lunes a viernes"}
    assert found.bank_details == [["Account number", "0044 1187"]]
    with db.reading() as session:
        assert [event.act for event in session.scalars(select(AuditEvent))] == ["business.changed"]


@pytest.mark.parametrize("arguments", [
    ("--stripe-account", "cus_1"), ("--hours", "de=Montag"), ("--hours", "no sign"), ("--bank", "Account="),
    ("--check", "en=" + "x" * 200)])
def test_what_is_not_right_changes_nothing(db: Database, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    slug = cast.someone_owes(db, 5_00).business.slug
    code, said = run(db, tmp_path, slug, *arguments)
    assert code in (1, 2)
    assert "Traceback" not in said
    with db.reading() as session:
        assert session.scalars(select(AuditEvent)).all() == []


@pytest.mark.parametrize("logo", [
    "not a drawing", LOGO.replace("<rect", "<script>1</script><rect"), LOGO.replace("<rect", '<rect onload="1"'),
    "<!DOCTYPE svg [<!ENTITY a 'b'>]>" + LOGO, LOGO.replace("<rect", '<image href="http://a.example/x.png"/><rect'),
    LOGO + " " * 70_000])
def test_a_logo_is_a_plain_drawing(db: Database, tmp_path: Path, logo: str) -> None:
    slug = cast.someone_owes(db, 5_00).business.slug
    (tmp_path / "logo.svg").write_text(logo)
    code, said = run(db, tmp_path, slug, "--logo", str(tmp_path / "logo.svg"))
    assert code == 1 and "SVG" in said
    assert business(db, slug).logo_svg is None


def test_a_stripe_account_belongs_to_one_business(db: Database, tmp_path: Path) -> None:
    first, second = cast.someone_owes(db, 5_00).business, cast.someone_owes(db, 5_00).business
    assert run(db, tmp_path, first.slug, "--stripe-account", "acct_1")[0] == 0
    assert run(db, tmp_path, second.slug, "--stripe-account", "acct_1")[0] == 1
    assert run(db, tmp_path, "nobody", "--stripe-account", "acct_2")[0] == 1
