"""Griffe extension: converts the reStructuredText of docstrings to Markdown."""

import re
from typing import Any

from griffe import Extension, Object

ROLE = re.compile(r':(?:class|func|meth|mod|data|attr|exc|obj):`(~?)([\w.]+)`')
LITERAL_BLOCK = re.compile(r'::$', re.MULTILINE)


class RstRoles(Extension):
    """``:class:`~a.b.C` `` becomes ``C`` as code; a paragraph that ends in two colons ends in one."""

    def on_object(self, *, obj: Object, **kwargs: Any) -> None:
        """Rewrite an object's docstring."""
        if obj.docstring is not None:
            obj.docstring.value = LITERAL_BLOCK.sub(':', ROLE.sub(_code, obj.docstring.value))


def _code(match: re.Match[str]) -> str:
    return f'`{match[2].rsplit(".", 1)[-1] if match[1] else match[2]}`'
