"""Page of the costs of networks relative to a baseline, with one table per setting."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path

from mtkd.leaderboard.escaping import csv_cell, markdown
from mtkd.leaderboard.network_cost import SCHEMA_VERSION, NetworkCost, setting

COLUMNS = (
    '**Step ÷ baseline** is the median of the ratios of neighbouring training steps (forward, all losses, backward, AdamW '
    'update; float32), with network and baseline alternating in one process; the quartiles of the ratios are beside it. The '
    "baseline's own row compares it with a second copy of itself: its distance from 1 is the accuracy of the other "
    'ratios. **Parameters** are those of the deployed network, **MACs** the multiply-accumulates of one image '
    '(convolutions, linear layers, matrix products). **Kept for backward** are the bytes that autograd keeps after the '
    'forward pass, each storage once, without parameters: exact and reproducible. **Peak of a step** is the largest memory '
    'of a step above that in use before it (weights, optimiser).'
)
_CLOCKS = {'cpu': 'processor time of the process, with all its threads', 'wall': 'wall clock'}
_PEAKS = {'resident size': "the process's resident size, from Linux, a process for each network",
          'CUDA allocator': "CUDA's allocator"}
_ASSETS = Path(__file__).parent / 'assets'


def render_costs(records: Sequence[NetworkCost], form: str = 'md', title: str = '', note: str = '') -> str:
    """Records as text; the baseline of a table first, then the networks by the ratio of their steps.

    Args:
        records: the records from :func:`~mtkd.leaderboard.network_cost.read_costs`.
        form: ``'md'``, ``'html'``, ``'csv'`` or ``'json'``.
        title: title of the page; Markdown and HTML only.
        note: protocol text for the top; Markdown and HTML only.

    Raises:
        ValueError: an unknown format.
    """
    tables: dict[tuple[object, ...], list[NetworkCost]] = {}
    for record in sorted(records, key=lambda record: (not record.is_baseline, record.step_ratio, record.config)):
        tables.setdefault(setting(record), []).append(record)
    ordered = [tables[key] for key in sorted(tables, key=repr)]
    forms = {'md': _markdown, 'html': _html}
    if form in forms:
        return forms[form](ordered, title or 'Training costs of the networks', note.strip())
    if form not in ('csv', 'json'):
        raise ValueError(f'unknown format {form!r}; there are: md, csv, json, html')
    return _csv(ordered) if form == 'csv' else _json(ordered)


def _heads(table: Sequence[NetworkCost]) -> list[str]:
    peak = table[0].peak_of
    return ['Network', 'Backbone', 'Parameters (M)', 'MACs (G)', 'Step ÷ baseline', 'Quartiles', 'Step (s)',
            'Kept for backward (MB)', f'Peak of a step (MB, {peak})']


_CELLS: tuple[Callable[[NetworkCost], str], ...] = (
    lambda r: r.network + (' (the baseline)' if r.is_baseline else ''),
    lambda r: r.backbone,
    lambda r: f'{r.params / 1e6:.3f}',
    lambda r: f'{r.macs / 1e9:.3f}',
    lambda r: f'{r.step_ratio:.2f}',
    lambda r: f'{r.ratio_quartiles[0]:.2f}-{r.ratio_quartiles[1]:.2f}',
    lambda r: f'{r.step_seconds:.3f}',
    lambda r: f'{r.kept_bytes / 1e6:.1f}',
    lambda r: f'{r.peak_bytes / 1e6:.1f}',
)
_TEXTS = 2  # columns of text, before those of numbers


def _heading(table: Sequence[NetworkCost]) -> str:
    first = table[0]
    threads = f'{first.threads} thread{"s" if first.threads > 1 else ""}'
    return f'{first.input_size[0]}×{first.input_size[1]}, batch {first.batch_size}, {first.device}, {threads}'


def _protocol(table: Sequence[NetworkCost]) -> str:
    first = table[0]
    steps = sorted({record.steps for record in table})
    counts = f'{steps[0]}' if len(steps) == 1 else f'{steps[0]} to {steps[-1]}'
    torch = ', '.join(dict.fromkeys(f'torch {r.versions["torch"]}' for r in table if 'torch' in r.versions))
    return (f'Baseline: {first.baseline}, {first.baseline_config}. Steps by the {_CLOCKS.get(first.clock, first.clock)}, '
            f'{counts} of each; peak: {_PEAKS.get(first.peak_of, first.peak_of)}. 1 MB is 10^6 bytes'
            + (f'; {torch}.' if torch else '.'))


def _digest(tables: Sequence[Sequence[NetworkCost]]) -> str:
    """The digest of the records of a page, for `--check`."""
    texts = sorted(json.dumps(asdict(record), sort_keys=True) for table in tables for record in table)
    return f'results sha256: {hashlib.sha256(chr(10).join(texts).encode()).hexdigest()}'


def _markdown(tables: Sequence[Sequence[NetworkCost]], title: str, note: str) -> str:
    parts = [f'# {title}', *([note] if note else []), COLUMNS]
    for table in tables:
        heads = _heads(table)
        rule = '|' + '|'.join(['---'] * _TEXTS + ['---:'] * (len(heads) - _TEXTS)) + '|'
        rows = ['| ' + ' | '.join(markdown(cell(record)) for cell in _CELLS) + ' |' for record in table]
        lines = ['| ' + ' | '.join(map(markdown, heads)) + ' |', rule, *rows]
        parts += [f'## {markdown(_heading(table))}', '\n'.join(lines), markdown(_protocol(table))]
    return '\n\n'.join([*parts, f'<!-- {_digest(tables)} -->']) + '\n'


def _html(tables: Sequence[Sequence[NetworkCost]], title: str, note: str) -> str:
    sections = []
    for table in tables:
        heads = ''.join(f'<th scope="col" class="{_class(i)}" style="padding:8px 10px">{escape(head)}</th>'
                        for i, head in enumerate(_heads(table)))
        rows = ''.join(f'<tr title="{escape(record.command)}">' + ''.join(
            f'<td class="{_class(i)}">{escape(cell(record))}</td>' for i, cell in enumerate(_CELLS))
            + '</tr>\n' for record in table)
        sections.append(f'<section><h3>{escape(_heading(table))}</h3><div class="scroll"><table><thead><tr>{heads}</tr>'
                        f'</thead>\n<tbody>\n{rows}</tbody></table></div><p class="notes">{escape(_protocol(table))}</p>'
                        f'</section>\n')
    paragraphs = ''.join(f'<p>{escape(text)}</p>' for text in [*note.split('\n\n'), COLUMNS.replace('**', '')]
                         if text.strip())
    return (f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" '
            f'content="width=device-width, initial-scale=1">\n<meta name="made-from" content="{_digest(tables)}">\n'
            f'<title>{escape(title)}</title>\n<style>\n{(_ASSETS / "page.css").read_text(encoding="utf-8")}</style>\n'
            f'</head>\n<body>\n<header class="top"><h1>{escape(title)}</h1><div class="protocol">{paragraphs}</div>'
            f'</header>\n<main>\n{"".join(sections)}</main>\n<footer>Made by <code>tools/leaderboard.py --costs</code> from '
            f'records of <code>tools/network_cost.py</code>.</footer>\n</body>\n</html>\n')


def _class(column: int) -> str:
    return 'num' if column >= _TEXTS else ''


def _csv(tables: Sequence[Sequence[NetworkCost]]) -> str:
    """One line per network."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    names = ['network', 'backbone', 'config', 'baseline_config', 'device', 'threads', 'batch_size', 'params', 'macs',
             'clock', 'steps', 'step_seconds', 'baseline_seconds', 'step_ratio', 'kept_bytes', 'peak_bytes', 'peak_of']
    writer.writerow([*names[:4], 'height', 'width', *names[4:], 'ratio_q1', 'ratio_q3'])
    for record in (record for table in tables for record in table):
        values = [getattr(record, name) for name in names]
        writer.writerow(map(csv_cell, [*values[:4], *record.input_size, *values[4:], *record.ratio_quartiles]))
    return text.getvalue()


def _json(tables: Sequence[Sequence[NetworkCost]]) -> str:
    data = [{'setting': _heading(table), 'networks': [asdict(record) for record in table]} for table in tables]
    return json.dumps({'schema_version': SCHEMA_VERSION, 'costs': data, 'results_sha256': _digest(tables).split()[-1]},
                      indent=2, ensure_ascii=False, allow_nan=False) + '\n'
