import re

from mtkd.deploy.export import export
from mtkd.deploy.model_card import data_licence, model_card
from mtkd.deploy.student import load_student

from .deployed import write_student


def card(folder, addition: str = '', **options) -> str:
    student = load_student(*write_student(folder, addition))
    made = export(student, folder / 's.pth', 'state_dict')
    return model_card(student, made, config='toy.py', **{'metrics': None, **options})


def test_it_says_what_one_must_know(tmp_path):
    student = load_student(*write_student(tmp_path))
    text = card(tmp_path, metrics={'depth': {'rmse': (0.7321, 'm')}}, test_set='toy, val')
    assert '| depth | rmse | 0.7321 m |' in text and 'On toy, val.' in text
    assert student.config_sha256 in text and 'trained with other values' not in text and 'Seed: 3' in text
    assert f'Parameters: {sum(p.numel() for p in student.net.parameters()):,}' in text and 'multiply-accumulates' in text
    assert '| `depth` | (B, 1, H, W) m |' in text and 'no teacher' in text and 'python ' in text


def test_what_is_not_known_is_said(tmp_path):
    assert 'Not tested' in card(tmp_path)
    config, checkpoint = write_student(tmp_path)
    student = load_student(config, checkpoint, {'model.net.head.dropout': 0.2})
    text = model_card(student, export(student, tmp_path / 's.pth', 'state_dict'), metrics=None, config='toy.py')
    assert 'trained with other values' in text


def test_terms_of_the_data(tmp_path):
    student = load_student(*write_student(tmp_path))
    assert 'no terms of third parties' in data_licence(student)
    student.cfg.train_dataloader.dataset.type = 'NYUDMT'
    assert 'Silberman' in data_licence(student)
    student.cfg.train_dataloader.dataset.type = 'Unheard'
    assert 'not known for Unheard' in data_licence(student)
    student.cfg.data_licence = 'mine alone'
    assert data_licence(student) == 'mine alone'
    assert 'ask Ada' in card(tmp_path, licence='ask Ada')


def test_names_mark_nothing_up(tmp_path):
    hostile = '<img src=x> [a](javascript:b) `c` | d\\n# e'
    text = card(tmp_path, f"method = student = backbone = data_set = data_licence = '{hostile}'",
                metrics={hostile: {hostile: (1.0, hostile)}}, test_set=hostile)
    assert '<img' not in text and not re.search(r'(?<!\\)\]\(', text) and '\n# e' not in text
    tables = [block.splitlines() for block in text.split('\n\n') if block.startswith('|')]
    for table in tables:
        assert len({len(re.findall(r'(?<!\\)\|', line)) for line in table}) == 1, 'every line has the same columns'
    assert len(tables) == 2
