"""Converts equations to MathML when the site is built; browsers display it without a script.

The mathematical font is shipped with the site, since many systems have none.
Pages write LaTeX between dollars, as GitHub shows it: ``$…$`` in a line, ``$$…$$`` on separate lines. Arithmatex (of
PyMdown Extensions) marks it in the HTML, and :func:`rendered` replaces the marks.
"""

import re
from html import unescape
from pathlib import Path

import ziamath
from latex2mathml.converter import convert

FONT = Path(ziamath.__file__).parent / 'fonts' / 'STIXTwoMath-Regular.ttf'  # with the tables by which MathML is laid out
INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)
BLOCK = re.compile(r'<div class="arithmatex">\\\[(.*?)\\\]</div>', re.DOTALL)
LEFT_OVER = re.compile(r'<m[a-z]+[^>]*>(?:\\|&(?:amp;)?<)')  # a command or a column mark that was not understood


def rendered(html: str) -> str:
    """HTML with MathML instead of LaTeX.

    Raises:
        ValueError: an equation has something that the converter leaves as it is, in silence; names the equation.
    """
    html = BLOCK.sub(lambda match: f'<div class="equation">{mathml(match[1], "block")}</div>', html)
    return INLINE.sub(lambda match: mathml(match[1], 'inline'), html)


def mathml(latex: str, display: str) -> str:
    """One equation.

    Args:
        latex: as it stands in HTML, escaped.
        display: ``'block'`` or ``'inline'``.

    Raises:
        ValueError: see :func:`rendered`.
    """
    source = unescape(latex).strip()
    if len(re.findall(r'(?<!\\){', source)) != len(re.findall(r'(?<!\\)}', source)):
        raise ValueError(f'the equation {source!r} has a brace without its partner')
    try:
        made = convert(source, display=display)
    except Exception as error:  # the converter has a class for each kind of mistake, without a common parent
        raise ValueError(f'the equation {source!r} cannot be converted to MathML: {type(error).__name__} {error}') from error
    if LEFT_OVER.search(made):
        raise ValueError(f'the equation {source!r} uses LaTeX that latex2mathml does not know; write it in another way')
    return made
