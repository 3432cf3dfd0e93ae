"""Alder Street Dental: patients here and abroad, in dollars, euros, yen and Kuwaiti dinars, on a connected account."""

from __future__ import annotations

from portal.services.businesses import NewBusiness
from scripts.demo import CONNECTED
from scripts.demo_data.cast import Bill, House, Line, Person, bill

BUSINESS = NewBusiness(
    slug="alder", name="Alder Street Dental", legal_name="Alder Street Dental PC", currency="USD",
    timezone="America/Los_Angeles", country="US", contact_name="Tom Ferris",
    contact_email="accounts@alderdental.example", contact_phone="+1 503 555 0108",
    postal_address="418 Alder Street, Suite 2, Portland, OR 97205", brand_color="#14606b")

PEOPLE = (
    Person("2101", "Maya Thornton", "maya.thornton@mail.example", "97212", (
        Bill("AD-30118", "Crown, upper left", -12, (
            Line("Crown, ceramic", 1_180_00), Line("Paid by your insurance", -640_00), Line("Impression", 85_00)),
            terms=21, paper="Treatment plan"),
        bill("AD-30141", "Check-up and cleaning", 9, 145_00, terms=21)), greeting="Maya"),
    Person("2104", "Lucía Fernández Romero", "lucia.fernandez@correo.example", "28012", (
        Bill("AD-30077", "Endodoncia y empaste", -45, (
            Line("Endodoncia, un conducto", 420_00), Line("Empaste de composite", 95_00),
            Line("Cepillo eléctrico", 60_00, tax=2100)), currency="EUR"),
        bill("AD-30129", "Revisión y limpieza", 12, 78_50, currency="EUR")),
        greeting="Lucía", country="ES", locale="es", timezone="Europe/Madrid"),
    Person("2107", "Kenji Mori", "kenji.mori@mail.example", "150-0043", (
        bill("AD-30092", "Night guard, fitted", -31, 48_600, currency="JPY"),), greeting="Kenji", country="JP",
        timezone="Asia/Tokyo"),
    Person("2109", "Dana Al-Fahim", "dana.alfahim@mail.example", "13001", (
        bill("AD-30101", "Two fillings", -20, 86_750, currency="KWD"),), greeting="Dana", country="KW",
        timezone="Asia/Kuwait"),
    Person("2112", "Northbank Cycle Works Inc.", "payables@northbankcycles.example", "97217", (
        bill("AD-29984", "Staff dental days, spring", -97, 1_920_00),
        bill("AD-30061", "Staff dental days, autumn", -33, 2_080_00)), kind="business"),
    Person("2115", "Jonah Price", "jonah.price@mail.example", "97202", (
        bill("AD-30110", "Wisdom tooth taken out", -15, 365_00),), greeting="Jonah"),
    Person("2118", "Carol Jensen", "carol.jensen@mail.example", "97211", (
        bill("AD-30106", "Whitening at home", -4, 229_00),), greeting="Carol"),
)

HOUSE = House(
    business=BUSINESS, logo="alder.svg", people=PEOPLE, stripe_account=CONNECTED,
    contact_hours={"en": "Monday to Thursday, 7:30 am to 4 pm", "es": "De lunes a jueves, de 7:30 a 16 h"},
    where_to_check={"en": "on your appointment card or on our door",
                    "es": "en su tarjeta de citas o en nuestra puerta"},
    bank_details=[["Bank", "Fernwood Valley Bank"], ["Account holder", "Alder Street Dental PC"],
                  ["Routing number", "000 555 012"], ["Account number", "0051 2260 7714"]],
    minimum_part={"USD": 20_00, "EUR": 20_00})
