"""Marsh & Daughter, garden builders near Portland: consumers and a few firms, all in dollars."""

from __future__ import annotations

from portal.services.businesses import NewBusiness
from scripts.demo_data.cast import Bill, House, Line, Person, bill

BUSINESS = NewBusiness(
    slug="marsh", name="Marsh & Daughter", legal_name="Marsh & Daughter LLC", currency="USD",
    timezone="America/Los_Angeles", country="US", contact_name="Priya Marsh",
    contact_email="billing@marshdaughter.example", contact_phone="+1 503 555 0142",
    postal_address="12 Fern Lane, Beaverton, OR 97005", brand_color="#2f5d3a")

PEOPLE = (
    Person("4417", "Helen Okafor", "helen.okafor@mail.example", "97301", (
        Bill("MG-1187", "French drain along the patio", -23, (
            Line("French drain, 22 ft", 612_00), Line("Gravel and edging", 184_50)), paper="Signed quote 0917"),
        Bill("MG-1204", "Autumn planting, three beds", 26, (
            Line("Planting, two days", 1_120_00), Line("Plants and soil", 467_80), Line("Hauling away", 94_00)),
            discount=200, discount_days=6)), greeting="Helen", phone="+1 503 555 0161"),
    Person("4409", "Ruth Abernathy", "ruth.abernathy@mail.example", "97219", (
        Bill("MG-1102", "Retaining wall, dry stone", -120, (
            Line("Stone, 4 tons", 1_360_00), Line("Labor, three days", 1_440_00))),), greeting="Ruth",
        phone="+1 503 555 0177", fact="phone_last4"),
    Person("4412", "Daniel Whitcomb", "dan.whitcomb@mail.example", "97006", (
        Bill("MG-1141", "Cedar fence, 60 ft", -62, (Line("Cedar and posts", 1_985_00), Line("Building", 1_240_00))),),
        greeting="Daniel"),
    Person("4420", "Grace Lindqvist", "grace.lindqvist@mail.example", "97224", (
        bill("MG-1179", "Raised beds for vegetables", -9, 864_00),), greeting="Grace"),
    Person("4422", "Peter Novak", "peter.novak@mail.example", "97062", (
        bill("MG-1166", "Rain garden with stepping stones", -18, 1_475_25),), greeting="Peter"),
    Person("4423", "Samuel Delgado", "sam.delgado@mail.example", "97086", (
        bill("MG-1158", "Lawn renewal, back yard", -34, 690_00),), greeting="Sam"),
    Person("4425", "Irene Castellan", "irene.castellan@mail.example", "97140", (
        bill("MG-1149", "Pruning of nine fruit trees", -48, 540_00),), greeting="Irene"),
    Person("4427", "Walter Bright", None, "97015", (
        bill("MG-1135", "Gate and hinges renewed", -75, 318_40),), phone="+1 503 555 0119"),
    Person("4431", "Nadia Rahimi", "nadia.rahimi@mail.example", "97229", (
        bill("MG-1190", "Drip irrigation, front garden", -6, 412_75),
        bill("MG-1211", "Winter check of the irrigation", 24, 120_00)), greeting="Nadia"),
    Person("4433", "Owen Castle", "owen.castle@mail.example", "97034", (
        Bill("MG-1208", "Pergola over the terrace", 19, (
            Line("Timber, Douglas fir", 2_210_00), Line("Building, four days", 2_080_00),
            Line("Climbing roses, five", 147_50)), paper="Plan of the pergola"),), greeting="Owen"),
)

# As accounting software writes it; {-60} is a date that many days ago.
IMPORTED = """Customer ID,Customer name,Email,ZIP,Customer type,Invoice no.,Invoice date,Due date,Amount,Amount paid,Description
4415,Cascade Row Homeowners Association,treasurer@cascaderow.example,97123,business,MG-1127,{-120},{-90},2140.00,2140.00,Spring care of the common beds
4415,Cascade Row Homeowners Association,treasurer@cascaderow.example,97123,business,MG-1152,{-90},{-60},2140.00,0,Summer care of the common beds
4415,Cascade Row Homeowners Association,treasurer@cascaderow.example,97123,business,MG-1183,{-30},{0},2265.00,0,Autumn care of the common beds
4429,Bridgetown Oven LLC,office@bridgetownoven.example,97214,business,MG-1163,{-57},{-27},985.00,0,Planters along the street side
"""  # noqa: E501  # a file's lines are as long as they are

HOUSE = House(
    business=BUSINESS, logo="marsh.svg", people=PEOPLE, imported=IMPORTED, stripe_account=None,
    contact_hours={"en": "Monday to Friday, 8 am to 5 pm", "es": "De lunes a viernes, de 8 a 17 h"},
    where_to_check={"en": "on your signed quote or on our van",
                    "es": "en su presupuesto firmado o en nuestra furgoneta"},
    bank_details=[["Bank", "Fernwood Valley Bank"], ["Account holder", "Marsh & Daughter LLC"],
                  ["Routing number", "000 555 012"], ["Account number", "0044 1187 2093"]],
    minimum_part={"USD": 25_00})
