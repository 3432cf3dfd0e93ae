"""The commands by which staff hand out and end links."""

from __future__ import annotations

from tests.access.visitor import House
from tests.cast import Owed, someone_owes


def run(house: House, *arguments: str) -> tuple[int, str]:
    result = house.app.test_cli_runner().invoke(args=["links", *arguments])
    return result.exit_code, result.output


def whom(owed: Owed) -> tuple[str, ...]:
    return ("--business", owed.business.slug, "--debtor", owed.debtor.number)


def test_a_link_from_the_command_line_opens_the_page_until_it_is_revoked(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    code, output = run(house, "create", *whom(owed))
    address = next(line for line in output.splitlines() if line.startswith("http"))
    assert code == 0 and address.startswith("http://portal.test/l/")
    browser = house.browser()
    browser.enter(address)
    assert browser.get("/help").status_code == 200
    code, output = run(house, "revoke", *whom(owed))
    assert code == 0 and "2 ended" in output
    assert browser.get("/help", follow=False).status_code == 303
    assert [act for act in house.acts() if act.startswith("link")] == ["link.created", "link.opened", "links.revoked"]


def test_a_link_can_be_narrowed_by_invoice_number(house: House) -> None:
    owed = someone_owes(house.db, 100_00, 200_00)
    assert run(house, "create", *whom(owed), "--invoice", owed.invoices[0].number)[0] == 0
    assert run(house, "create", *whom(owed), "--invoice", "MG-NOT-THERE")[0] == 1


def test_a_code_to_read_out_opens_the_page(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    browser = house.browser()
    browser.open(house.address(owed.link))
    code, output = run(house, "read-code", *whom(owed))
    digits = next(line for line in output.splitlines() if line.isdigit())
    assert code == 0 and len(digits) == 6
    browser.get("/code")
    assert browser.send("/code", code=digits, follow=False).headers["Location"] == "/balance"


def test_an_unknown_debtor_or_business_is_said_in_one_line(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    for arguments in (("--business", "nobody", "--debtor", owed.debtor.number),
                      ("--business", owed.business.slug, "--debtor", "0")):
        code, output = run(house, "create", *arguments)
        assert code == 1 and "Traceback" not in output and "Error:" in output
