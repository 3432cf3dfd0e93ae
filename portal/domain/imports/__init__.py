"""Reading a spreadsheet export of invoices, whatever wrote it: bytes in, invoices or a list of errors out.

Nothing here touches the database: what the file means for the books is decided by the import's use case.
`results` holds the data, `decoding` and `table` make rows of the bytes, `headers`, `dates`, `numbers` and
`cells` understand columns, `invoices` puts it together.
"""

from portal.domain.imports.invoices import fingerprint, parse_invoices, parse_table, table_of_sheet, table_of_text
from portal.domain.imports.results import (
    ImportOptions,
    Limits,
    Note,
    ParsedCredit,
    ParsedFile,
    ParsedInvoice,
    ParsedLine,
    ParsedVoid,
    RowError,
)

__all__ = [
    "ImportOptions", "Limits", "Note", "ParsedCredit", "ParsedFile", "ParsedInvoice", "ParsedLine", "ParsedVoid",
    "RowError", "fingerprint", "parse_invoices", "parse_table", "table_of_sheet", "table_of_text",
]
