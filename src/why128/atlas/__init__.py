"""The ledger of neurons shown: as words, a table, a page, a picture."""
