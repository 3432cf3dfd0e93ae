"""Which column is what: the words programs and people use as headers, in English, Spanish, German and French.

The guess can be overridden field by field. What the cells hold is not judged here.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from portal.domain.currencies import is_supported
from portal.domain.errors import Refusal

# Within a field the first synonym found wins, and the last ones are weak ("date" is the invoice date only
# where nothing says so better). Fields are filled from top to bottom, and a column is used once.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "invoice_number": (
        "invoice number", "invoice no", "invoice num", "invoice id", "invoice ref", "invoice reference",
        "inv no", "inv number", "bill no", "bill number", "document number", "document no", "doc no",
        "numero de factura", "numero factura", "no factura", "n factura", "no de factura", "num factura",
        "factura no", "factura numero", "rechnungsnummer", "rechnungsnr", "rechnung nr", "rechnungs nr",
        "rechnung no", "re nr", "belegnummer", "belegnr", "numero de facture", "numero facture",
        "no facture", "no de facture", "n facture", "n de facture", "num facture", "facture no", "invoice",
        "factura", "rechnung", "facture", "number", "num", "no", "numero", "nummer", "reference",
        "referencia", "referenz", "id",
    ),
    "customer_number": (
        "customer id", "customer number", "customer no", "customer num", "customer code", "customer ref",
        "customer reference", "client id", "client number", "client no", "client code", "account number",
        "account no", "account id", "account code", "debtor id", "debtor number", "debtor no", "cust id",
        "cust no", "contact id", "id cliente", "id de cliente", "numero de cliente", "numero cliente",
        "no cliente", "no de cliente", "codigo cliente", "codigo de cliente", "cod cliente", "kundennummer",
        "kundennr", "kunden nr", "kunden id", "kunde nr", "debitorennummer", "debitorennr", "debitor",
        "numero client", "numero de client", "no client", "no de client", "id client", "code client",
        "ref client", "reference client", "customer", "client", "cliente", "kunde", "debtor",
        "contact name", "customer name", "client name", "account ref", "account reference", "account name",
        "debtor name", "company name", "company", "bill to", "contact", "nombre del cliente", "nombre cliente",
        "razon social", "kundenname", "firmenname", "nom du client", "nom client", "raison sociale", "name",
        "account",
    ),
    "issued_on": (
        "invoice date", "issue date", "issued on", "issued", "date issued", "date of issue", "bill date",
        "document date", "doc date", "inv date", "fecha de factura", "fecha factura", "fecha de emision",
        "fecha emision", "rechnungsdatum", "ausstellungsdatum", "belegdatum", "date de facture",
        "date facture", "date de facturation", "date d emission", "date emission", "date", "fecha", "datum",
        "created",
    ),
    "due_on": (
        "due date", "due on", "date due", "payment due", "payment due date", "due", "pay by",
        "fecha de vencimiento", "fecha vencimiento", "vencimiento", "vence", "fecha limite",
        "falligkeitsdatum", "faelligkeitsdatum", "fallig am", "faellig am", "falligkeit", "fallig",
        "zahlbar bis", "date d echeance", "date echeance", "echeance", "date limite", "a payer avant le",
    ),
    "amount": (
        "invoice amount", "invoice total", "total amount", "gross amount", "amount gross", "total gross",
        "gross", "grand total", "total incl vat", "total incl tax", "importe total", "monto total",
        "importe factura", "total factura", "bruttobetrag", "rechnungsbetrag", "gesamtbetrag",
        "rechnungssumme", "brutto", "endbetrag", "montant ttc", "total ttc", "montant total",
        "montant de la facture", "montant facture", "amount", "total", "importe", "monto", "betrag",
        "summe", "montant", "original amount",
    ),
    "currency": (
        "currency", "currency code", "iso currency", "curr", "ccy", "moneda", "divisa", "wahrung",
        "waehrung", "wahrungscode", "devise", "monnaie",
    ),
    "disputed": (
        "disputed", "in dispute", "dispute", "is disputed", "contested", "disputada", "disputado",
        "en disputa", "impugnada", "reclamada", "strittig", "bestritten", "reklamiert", "reklamation",
        "conteste", "contestee", "en litige", "litige",
    ),
    "settled_on": (
        "settled date", "settled on", "date settled", "settlement date", "paid date", "date paid",
        "paid on", "payment date", "date of payment", "fully paid on", "fecha de pago", "fecha pago",
        "pagado el", "pagada el", "bezahlt am", "zahlungsdatum", "zahldatum", "beglichen am",
        "ausgeglichen am", "zahlungseingang", "date de paiement", "date paiement", "date de reglement",
        "date reglement", "paye le", "payee le", "regle le",
    ),
    "paid_amount": (
        "amount paid", "paid amount", "total paid", "paid to date", "payments", "amount received",
        "received", "importe pagado", "monto pagado", "total pagado", "bezahlter betrag", "betrag bezahlt",
        "gezahlt", "zahlbetrag", "bereits bezahlt", "montant paye", "montant regle", "total paye",
        "deja paye", "acompte",
    ),
    "open_amount": (
        "open amount", "amount open", "amount due", "balance due", "outstanding", "outstanding amount",
        "amount outstanding", "open balance", "amount remaining", "remaining", "balance", "unpaid",
        "importe pendiente", "saldo pendiente", "pendiente", "monto pendiente", "saldo", "offener betrag",
        "offen", "restbetrag", "offener saldo", "noch offen", "montant du", "reste a payer", "solde",
        "solde du", "montant restant",
    ),
    "paid": (
        "paid", "settled", "is paid", "pagado", "pagada", "liquidada", "bezahlt", "beglichen", "paye",
        "payee", "regle", "reglee", "acquittee",
    ),
    "status": (
        "status", "invoice status", "payment status", "state", "estado", "estado de factura",
        "estado de pago", "rechnungsstatus", "zahlungsstatus", "statut", "etat", "statut facture",
    ),
    "customer_name": (
        "customer name", "client name", "company name", "company", "contact name", "account name",
        "debtor name", "bill to", "nombre del cliente", "nombre de cliente", "nombre cliente",
        "razon social", "empresa", "nombre", "kundenname", "firmenname", "firma", "name", "nom du client",
        "nom client", "raison sociale", "societe", "nom", "customer", "client", "cliente", "kunde",
        "debtor", "contact",
    ),
    "email": (
        "email", "e mail", "email address", "e mail address", "customer email", "client email",
        "contact email", "billing email", "mail", "correo", "correo electronico", "email cliente",
        "email del cliente", "e mail adresse", "mailadresse", "kunden email", "courriel", "adresse e mail",
        "adresse mail", "adresse email", "email client",
    ),
    "phone": (
        "phone", "phone number", "telephone", "tel", "mobile", "cell", "customer phone", "telefono",
        "movil", "celular", "telefon", "telefonnummer", "telefonnr", "handy", "mobil", "telephone client",
        "portable",
    ),
    "postal_code": (
        "postal code", "postcode", "post code", "zip", "zip code", "zipcode", "codigo postal", "cp", "plz",
        "postleitzahl", "code postal",
    ),
    "country": (
        "country", "country code", "pais", "codigo de pais", "land", "landercode", "pays", "code pays",
    ),
    "locale": ("locale", "language", "lang", "idioma", "lengua", "sprache", "langue"),
    "line_description": (
        "description", "line description", "item description", "memo", "item", "product", "service",
        "details", "descripcion", "concepto", "detalle", "beschreibung", "bezeichnung", "leistung",
        "verwendungszweck", "libelle", "designation", "objet",
    ),
    "kind": (
        "customer type", "customer kind", "client type", "debtor kind", "tipo de cliente", "tipo cliente",
        "kundenart", "kundentyp", "type de client", "type client", "kind", "tipo", "type",
    ),
    "net_amount": (
        "net amount", "amount net", "net total", "subtotal", "sub total", "net", "total excl vat",
        "total excl tax", "importe neto", "base imponible", "neto", "nettobetrag", "netto", "nettosumme",
        "montant ht", "total ht", "montant hors taxe",
    ),
    "tax_amount": (
        "tax amount", "vat amount", "tax total", "total tax", "vat total", "sales tax", "gst", "tax", "vat",
        "importe iva", "cuota iva", "iva", "steuerbetrag", "mwst betrag", "ust betrag", "umsatzsteuer", "mwst",
        "ust", "montant tva", "total tva", "tva",
    ),
    "tax_percent": (
        "tax rate", "vat rate", "tax percent", "vat percent", "percent tax", "percent vat", "tax code",
        "tipo iva", "tipo de iva", "iva percent", "percent iva", "steuersatz", "mwst satz", "ust satz",
        "mwst percent", "percent mwst", "taux tva", "taux de tva", "tva percent", "tax type",
    ),
    "line_amount": (
        "line amount", "line total", "item amount", "item total", "importe linea", "importe de linea",
        "total linea", "positionsbetrag", "zeilenbetrag", "positionssumme", "montant ligne",
        "montant de la ligne", "total ligne",
    ),
    "document": (
        "document type", "transaction type", "doc type", "tipo de documento", "tipo documento", "belegart",
        "dokumentart", "type de document", "type document",
    ),
    "credit_for": (
        "applies to", "credited invoice", "original invoice", "corrected invoice", "factura rectificada",
        "factura original", "gutschrift zu", "rechnung zu", "facture d origine", "facture corrigee",
    ),
    "address": (
        "address", "street", "street address", "address line 1", "address 1", "billing address",
        "bill to address", "billing street", "mailing address", "postal address", "direccion", "calle",
        "domicilio", "strasse", "anschrift", "adresse", "rue", "adresse postale",
    ),
    "address2": (
        "address line 2", "address 2", "street 2", "billing street 2", "direccion 2", "adresszusatz",
        "adresszeile 2", "complement d adresse", "adresse 2",
    ),
    "city": (
        "city", "town", "billing city", "city town", "ciudad", "poblacion", "localidad", "ort", "stadt",
        "ville", "commune",
    ),
    "region": (
        "region", "province", "county", "state province", "billing state", "provincia", "bundesland",
        "departement", "comunidad",
    ),
}  # fmt: skip

REQUIRED = ("customer_number", "invoice_number", "issued_on", "due_on")
# What an invoice comes to can be told in these ways; one of them must be there.
TOTALS = (("amount",), ("line_amount",), ("net_amount", "tax_amount"), ("net_amount", "tax_percent"))

_NUMBER_SIGNS = str.maketrans({"#": " no ", "№": " no ", "°": "o", "%": " percent "})
_CURRENCY_IN_HEADER = re.compile(r"[\s(\[]([A-Z]{3})[)\]]?\s*$")


def normalise(header: str) -> str:
    """The bare letters of a header, so that "Invoice no.", "invoiceNo" and "INVOICE #" are one word."""
    folded = unicodedata.normalize("NFKD", header.translate(_NUMBER_SIGNS)).casefold()
    return re.sub(r"[^a-z0-9]", "", folded.replace("ß", "ss"))


_BARE_SYNONYMS = {field: tuple(dict.fromkeys(map(normalise, words))) for field, words in SYNONYMS.items()}


def currency_in(header: str) -> str | None:
    """The currency a header names, as in "Amount (EUR)"."""
    found = _CURRENCY_IN_HEADER.search(header)
    return found[1] if found and is_supported(found[1]) else None


def guess_mapping(headers: Sequence[str], overrides: Mapping[str, str] | None = None) -> dict[str, int]:
    """Field → column position, from the headers' words; `overrides` (field → header, or "" for none) come
    first.

    Raises Refusal: mapping_unknown_field, mapping_unknown_header, header_duplicate.
    """
    stated = _stated_columns(headers, overrides or {})
    bare = [_bare(header) for header in headers]
    used = {position for position in stated.values() if position is not None}
    mapping = {field: position for field, position in stated.items() if position is not None}
    for field, words in _BARE_SYNONYMS.items():
        if field in stated:
            continue
        found = next(
            (bare.index(word) for word in words if word in bare and bare.index(word) not in used), None
        )
        if found is not None:
            mapping[field] = found
            used.add(found)
            _refuse_twin(headers, bare, found)
    return mapping


def _bare(header: str) -> str:
    return normalise(_CURRENCY_IN_HEADER.sub("", header) if currency_in(header) else header)


def _refuse_twin(headers: Sequence[str], bare: Sequence[str], position: int) -> None:
    """Two columns of one name leave open which is meant; guessing could book the wrong one."""
    if bare.count(bare[position]) > 1:
        raise Refusal("invalid", "header_duplicate", header=headers[position])


def _stated_columns(headers: Sequence[str], overrides: Mapping[str, str]) -> dict[str, int | None]:
    unknown_fields = sorted(set(overrides) - set(SYNONYMS))
    if unknown_fields:
        raise Refusal("invalid", "mapping_unknown_field", fields=unknown_fields, known=list(SYNONYMS))
    stripped = [header.strip() for header in headers]
    missing = sorted({name for name in overrides.values() if name and name.strip() not in stripped})
    if missing:
        raise Refusal("invalid", "mapping_unknown_header", headers=missing, found=stripped)
    twins = [name for name in overrides.values() if name and stripped.count(name.strip()) > 1]
    if twins:
        raise Refusal("invalid", "header_duplicate", header=twins[0])
    return {field: stripped.index(name.strip()) if name else None for field, name in overrides.items()}
