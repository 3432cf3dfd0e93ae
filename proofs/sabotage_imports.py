"""The guards of reading files: where each stands, how it is taken away, and which figure must notice."""

from __future__ import annotations

from proofs.guards import Guard

READ = ("import_fuzz", "", "")

IMPORTS = (
    Guard("formulas in cells are refused", "portal/domain/imports/cells.py",
          "        if not wrapped:\n            raise Refusal(\"invalid\", \"cell_formula\")\n",
          "        if not wrapped:\n            return text\n", READ, "import_fuzz_formulas_kept"),
    Guard("damaged archives are refused in words", "portal/gateways/spreadsheets.py",
          "    except (zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError,", "    except (EOFError,", READ,
          "import_fuzz_crashes"),
    Guard("what an e-invoice's schema refuses is said in words", "portal/gateways/e_invoices.py",
          "    except Exception as error:\n", "    except ZeroDivisionError as error:\n", READ, "import_fuzz_crashes"),
    Guard("an archive is unpacked in pieces and up to a limit", "portal/gateways/spreadsheets.py",
          "            while piece := part.read(PIECE):\n                self._left -= len(piece)\n"
          "                if self._left < 0:\n"
          "                    raise Refusal(\"too_large\", \"file_too_large\")\n                yield piece\n",
          "            yield part.read()\n", READ, "import_fuzz_too_large"),
    Guard("a table has so many columns at most", "portal/domain/imports/table.py",
          "            if len(cells) > limits.max_columns:\n", "            if not cells:\n", READ,
          "import_fuzz_too_slow"),
)
