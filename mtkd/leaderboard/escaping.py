"""Escaping of text from configs, data and results in Markdown and CSV: no markup, links or formulas."""

from __future__ import annotations

import re
from typing import Any

_FORMULA = ('=', '+', '-', '@', '\t', '\r')


def markdown(text: str) -> str:
    """Text for a cell or a heading: without HTML, links, column separators or line breaks.

    Emphasis and code marks are kept because they are harmless.
    """
    text = ' '.join(text.splitlines()) if '\n' in text or '\r' in text else text
    text = re.sub(r'&(?=#?\w+;)', '&amp;', text).replace('<', '&lt;').replace('|', '\\|')
    return re.sub(r'\](?=\s*[(\[:])', r'\\]', text)


def code(text: str) -> str:
    """Text as a code span that its content cannot end."""
    inner = ' '.join(text.split()).replace('`', '\N{PRIME}').replace('|', '\\|')
    return f'`{inner}`'


def csv_cell(value: Any) -> Any:
    """A value for CSV; text that a spreadsheet would treat as a formula is prefixed with an apostrophe."""
    if not isinstance(value, str) or not value.startswith(_FORMULA):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value
