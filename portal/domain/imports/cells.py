"""What single cells may hold: text without traps, yes and no, a state, a country, a language, an email
address.

Each reader answers the value or raises a Refusal that says what was expected. Dates and amounts live
elsewhere.
"""

import re
import unicodedata
from typing import Literal

from portal.domain.currencies import canonical
from portal.domain.errors import Refusal

Status = Literal["open", "paid", "disputed", "not_collectable"]
CustomerKind = Literal["consumer", "business"]


def _words(spaced: str) -> frozenset[str]:
    return frozenset(spaced.split())


_YES = _words("yes y true 1 x t si ja j wahr oui o vrai disputed")
_NO = _words("no n false 0 f - nein falsch non faux none")

_STATUS_WORDS: dict[Status, str] = {
    "open": "open sent due overdue unpaid outstanding authorised authorized awaiting_payment "
    "partially_paid partial past_due pending approved viewed abierta abierto pendiente vencida "
    "vencido enviada impagada offen gesendet uberfallig ueberfaellig teilbezahlt ouverte ouvert "
    "envoyee impayee en_retard en_attente",
    "paid": "paid settled closed paid_in_full pagada pagado cobrada bezahlt beglichen erledigt payee paye "
    "reglee soldee",
    "disputed": "disputed in_dispute contested en_disputa impugnada strittig bestritten en_litige contestee",
    "not_collectable": "draft void voided cancelled canceled deleted written_off uncollectible borrador "
    "anulada cancelada entwurf storniert brouillon annulee",
}
_STATUSES = {word: status for status, words in _STATUS_WORDS.items() for word in _words(words)}

_KIND_WORDS: dict[CustomerKind, str] = {
    "consumer": "consumer individual person private b2c particular persona privat privatkunde verbraucher "
    "particulier",
    "business": "business company compania organisation organization corporate b2b empresa firma unternehmen "
    "geschaftskunde entreprise societe professionnel",
}
_KINDS = {word: kind for kind, words in _KIND_WORDS.items() for word in _words(words)}

# ISO 3166 only: the European Union, the eurozone and pseudo codes are no countries.
COUNTRIES = _words(
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT "
    "BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH "
    "ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT "
    "HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS "
    "LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI "
    "NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG "
    "SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG "
    "UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)

Document = Literal["invoice", "credit", "other"]
_DOCUMENT_WORDS: dict[Document, str] = {
    "invoice": "invoice invoices sales_invoice tax_invoice factura facturas rechnung ausgangsrechnung facture "
    "facture_de_vente accrec bill",
    "credit": "credit_note credit_memo sales_credit_note credit accreccredit creditnote creditmemo nota_de_credito "
    "factura_rectificativa abono gutschrift rechnungskorrektur stornorechnung avoir note_de_credit",
    "other": "payment deposit receipt refund estimate quote pending_charge journal_entry sales_receipt statement "
    "pago cobro recibo presupuesto zahlung angebot paiement devis",
}
_DOCUMENTS = {word: document for document, words in _DOCUMENT_WORDS.items() for word in _words(words)}
_PERCENT = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]{1,4}))?\s*%")
_BARE_PERCENT = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]{1,6}))?")
MILLION = 1_000_000

_TEXT_MARKER = re.compile(r'="([^"]*)"')
_DAMAGED_NUMBER = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]+", re.IGNORECASE)
_LOCALE = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{2}))?")
_EMAIL = re.compile(r"[^@\s,;<>()\[\]\"\\]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{1,62}")
_LONGEST_NAME = 160
_LINE_BREAKS = "\n\r\t"
_INVISIBLE_BUT_USED_IN_NAMES = "\u200c\u200d"


def clean(cell: str, longest: int) -> str:
    """The cell without surrounding blanks and without Excel's ="0012" wrapping, line breaks inside made
    spaces.

    Raises Refusal: cell_too_long, cell_control_character, cell_formula.
    """
    if cell.isprintable() and len(cell) <= longest:
        text = cell.strip()
    else:
        refuse_hidden(cell, longest)
        text = " ".join(cell.split())
    if text.startswith("="):
        wrapped = _TEXT_MARKER.fullmatch(text)
        if not wrapped:
            raise Refusal("invalid", "cell_formula")
        text = wrapped[1].strip()
    if text.startswith(("=", "@")):
        raise Refusal("invalid", "cell_formula")
    return text


def refuse_hidden(cell: str, longest: int) -> None:
    """Refuse what no cell may hold, read or not: control and direction characters, and far too much text.

    Such characters make a number or name look different from what is stored. Raises Refusal: cell_too_long,
    cell_control_character.
    """
    if len(cell) > longest:
        raise Refusal("invalid", "cell_too_long", maximum=longest)
    if cell.isprintable():
        return
    for character in cell:
        if character in _LINE_BREAKS or character in _INVISIBLE_BUT_USED_IN_NAMES:
            continue
        if unicodedata.category(character).startswith("C"):
            raise Refusal("invalid", "cell_control_character", codepoint=f"U+{ord(character):04X}")


def read_identifier(text: str, longest: int = 64) -> str:
    """A customer's or invoice's number, kept as text with its leading zeros.

    "9.85564E+09" is refused: a spreadsheet has already destroyed that number.
    """
    if len(text) > longest:
        raise Refusal("invalid", "cell_too_long", maximum=longest)
    if _DAMAGED_NUMBER.fullmatch(text):
        raise Refusal("invalid", "number_damaged")
    return text


def read_name(text: str) -> str:
    """A customer's name; one too long to be a name is refused."""
    if len(text) > _LONGEST_NAME:
        raise Refusal("invalid", "cell_too_long", maximum=_LONGEST_NAME)
    return text


def read_yes_no(text: str) -> bool:
    """Yes or no in four languages; an empty cell is no."""
    word = _word(text)
    if not word or word in _NO:
        return False
    if word in _YES:
        return True
    raise Refusal("invalid", "yes_no_expected")


def is_yes_no(text: str) -> bool:
    """Does this cell hold nothing but a yes or a no?"""
    return _word(text) in _YES | _NO


def read_status(text: str) -> Status:
    """What the exporting program says of the invoice: open, paid, disputed, or not collectable (void)."""
    word = _word(text)
    if not word:
        return "open"
    if word not in _STATUSES:
        raise Refusal("invalid", "status_unknown")
    return _STATUSES[word]


def read_currency(text: str) -> str:
    """A currency code the business can charge in, in capital letters."""
    return canonical(text)


def read_country(text: str) -> str | None:
    """The two-letter country code, or None for anything else, which is never a reason to refuse a row."""
    code = "GB" if text.upper() == "UK" else text.upper()
    return code if code in COUNTRIES else None


def read_locale(text: str) -> str:
    """The customer's language, as in "es" or "es_MX"."""
    found = _LOCALE.fullmatch(text)
    if not found:
        raise Refusal("invalid", "locale_expected")
    return found[1].lower() + (f"_{found[2].upper()}" if found[2] else "")


def read_email(text: str) -> str:
    """One email address. Two in a cell are refused, for a debt is nobody else's business."""
    if len(text) > 254 or not _EMAIL.fullmatch(text) or ".." in text:
        raise Refusal("invalid", "email_expected")
    return text


def read_kind(text: str) -> CustomerKind:
    """Is the customer a consumer or a business?"""
    kind = _KINDS.get(_word(text))
    if kind is None:
        raise Refusal("invalid", "kind_expected")
    return kind


def is_kind(text: str) -> bool:
    """Say whether a cell tells consumers from businesses."""
    return _word(text) in _KINDS


def is_status(text: str) -> bool:
    """Say whether a cell tells how an invoice stands."""
    return _word(text) in _STATUSES


def read_document(text: str) -> Document:
    """What kind of paper a row is: an invoice, a credit note, or something that is not owed, such as a payment."""
    document = _DOCUMENTS.get(_word(text))
    if document is None:
        raise Refusal("invalid", "document_expected")
    return document


def is_document(text: str) -> bool:
    """Say whether a cell tells invoices from credit notes."""
    return _word(text) in _DOCUMENTS


def read_percent(text: str) -> int:
    """A rate in millionths: "19 %", "19,0" and "0.19" are all 190000, "20% (VAT on Income)" is 200000.

    Raises Refusal percent_expected for what names no rate, and for more than 100 %.
    """
    found = _PERCENT.search(text)
    bare = None if found else _BARE_PERCENT.fullmatch(text.strip())
    parts = found or bare
    if parts is None:
        raise Refusal("invalid", "percent_expected")
    whole, fraction = parts[1], parts[2] or ""
    of_one = bare is not None and whole == "0"
    rate = int(whole + fraction.ljust(6, "0")) // (1 if of_one else 100)
    if rate > MILLION:
        raise Refusal("invalid", "percent_expected")
    return rate


def rate_if_any(text: str) -> int:
    """A rate in millionths, or 0 for a name of one that holds no figure ("standard", "exempt")."""
    return read_percent(text) if any(c.isdigit() for c in text) else 0


def _word(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.strip().casefold())
    bare = "".join(c for c in folded if not unicodedata.combining(c))
    return "_".join(bare.replace("-", " ").split()) or bare
