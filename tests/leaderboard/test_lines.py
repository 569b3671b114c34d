import json
import multiprocessing
import time

import pytest

from mtkd.leaderboard.lines import is_lines, read_lines, sole_writer, write_lines


def add_one(path):
    with sole_writer(path):
        kept = [record for _, record in read_lines(path, dict)] if path.exists() else []
        time.sleep(0.05)
        write_lines(path, [*kept, {'number': len(kept)}])


def test_records_come_back_with_their_lines(tmp_path):
    path = tmp_path / 'deep' / 'a.jsonl'
    write_lines(path, [{'a': 'ä'}, {'b': None}])
    assert path.read_text(encoding='utf-8') == '{"a": "ä"}\n{"b": null}\n'
    path.write_text('\n' + path.read_text(encoding='utf-8'), encoding='utf-8')
    assert list(read_lines(path, dict)) == [(2, {'a': 'ä'}), (3, {'b': None})]
    assert is_lines(path) and is_lines(tmp_path / 'A.JSONL') and not is_lines(tmp_path / 'a.json')


@pytest.mark.parametrize(('line', 'words'), [
    ('{"a": 1', 'not complete JSON'), ('[1]', 'no object'), ('\x00\xff', 'not complete JSON')])
def test_the_line_that_cannot_be_used_is_named(tmp_path, line, words):
    def parse(data):
        if not isinstance(data, dict):
            raise ValueError('no object')
        return data

    path = tmp_path / 'a.jsonl'
    path.write_bytes(b'{}\n' + line.encode('latin-1') + b'\n')
    with pytest.raises(ValueError, match=words) as error:
        list(read_lines(path, parse))
    assert str(error.value).startswith(f'{path}:2: ')


def test_nan_is_not_written(tmp_path):
    with pytest.raises(ValueError, match='JSON compliant'):
        write_lines(tmp_path / 'a.jsonl', [{'a': float('nan')}])
    assert not (tmp_path / 'a.jsonl').exists()


def test_writers_wait_for_each_other(tmp_path):
    path = tmp_path / 'new' / 'a.jsonl'
    others = [multiprocessing.get_context('fork').Process(target=add_one, args=(path,)) for _ in range(3)]
    for other in others:
        other.start()
    for other in others:
        other.join(30)
    assert [json.loads(line)['number'] for line in path.read_text().splitlines()] == [0, 1, 2]
