"""Reading a spreadsheet export of invoices, whatever wrote it: bytes in, invoices or a list of errors out.

Nothing here touches the database: what the file means for the books is decided by the import's use case.
`results` holds the data, `decoding` and `table` make rows of the bytes, `headers`, `dates`, `numbers` and
`cells` understand columns, `invoices` puts it together.
"""

from portal.domain.imports.invoices import parse_invoices
from portal.domain.imports.results import (
    ImportOptions,
    Limits,
    Note,
    ParsedFile,
    ParsedInvoice,
    RowError,
)

__all__ = ["ImportOptions", "Limits", "Note", "ParsedFile", "ParsedInvoice", "RowError", "parse_invoices"]
