"""The plugin and the example of projects/README.md, run by tools/train.py in a separate process."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mtkd.engine.config import load_config

REPOSITORY = Path(__file__).parents[2]
PROJECTS = REPOSITORY / 'projects'
PLUGIN = PROJECTS / 'example_plugin'
STUDENT = PLUGIN / 'configs' / 'student_hellinger_synthetic.py'
DENSE = ('semseg', 'depth', 'normals', 'edge')
SNIPPETS = re.findall(r'```python\n(.*?)```', (PROJECTS / 'README.md').read_text(), re.DOTALL)

# Runs several command lines in sequence, so that torch is imported once: {name: [program, argument, …]}.
DRIVER = """
import json, runpy, sys
for name, line in json.loads(sys.argv[1]).items():
    sys.argv = line
    try:
        code = runpy.run_path(line[0], run_name='__main__') if line[0].endswith('.py') else runpy.run_module(
            line[0], run_name='__main__', alter_sys=True)
    except SystemExit as stop:
        code = int(stop.code or 0)
    print(f'<end of {name}: {code}>', flush=True)
"""


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    """name -> (exit code, output), and the folder in which they ran."""
    folder = tmp_path_factory.mktemp('plugin')
    for name, text in zip(('my_loss.py', 'my_config.py'), SNIPPETS, strict=True):
        (folder / name).write_text(text)
    (folder / 'configs').symlink_to(REPOSITORY / 'configs')
    train, smoke = str(REPOSITORY / 'tools' / 'train.py'), ('--smoke', '--work-dir')
    lines = {
        'plugin': [train, str(STUDENT), *smoke, 'plugin'],
        'misspelt': [train, str(STUDENT), *smoke, 'misspelt', '--cfg-options',
                     'model.distiller.links.each_task.loss.type=Helinger'],
        'discs': [train, str(PLUGIN / 'configs' / 'mt_discs.py'), '--work-dir', 'discs', '--cfg-options',
                  'train_cfg.max_iters=2', 'default_hooks.logger.interval=1'],
        'snippet': [train, 'my_config.py', *smoke, 'snippet'],
        'tests': ['pytest', str(PLUGIN / 'tests'), '-p', 'no:cacheprovider', '-c', os.devnull, '--rootdir', str(PLUGIN)]}
    environment = {**os.environ, 'PYTHONPATH': f'{PLUGIN}{os.pathsep}{folder}', 'OMP_NUM_THREADS': '1'}
    output = subprocess.run([sys.executable, '-c', DRIVER, json.dumps(lines)], cwd=folder, env=environment, check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    parts = re.split(r'<end of (\w+): (\d+)>\n', output)
    assert parts[1::3] == list(lines), output
    return {name: (int(code), said) for said, name, code in zip(parts[::3], parts[1::3], parts[2::3], strict=False)}, folder


@pytest.mark.parametrize(('name', 'term'), [('plugin', 'hellinger'), ('snippet', 'tv')])
def test_the_new_terms_are_trained_with(finished, name, term):
    runs, folder = finished
    code, output = runs[name]
    assert code == 0, output
    lines = [json.loads(line) for line in (folder / name / 'vis_data' / 'scalars.json').read_text().splitlines()]
    logged = next(line for line in lines if 'loss' in line)
    assert all(0 < logged[f'{task}/{term}'] <= 1 for task in DENSE)


def test_the_data_set_and_the_balance_are_trained_with(finished):
    runs, folder = finished
    code, output = runs['discs']
    assert code == 0, output
    lines = [json.loads(line) for line in (folder / 'discs' / 'vis_data' / 'scalars.json').read_text().splitlines()]
    first = next(line for line in lines if 'loss' in line)  # later lines are means over several iterations
    assert first['loss'] == pytest.approx((first['semseg/ce'] * first['depth/l1']) ** 0.5, rel=1e-4)


def test_a_misspelt_name_is_answered_with_the_plugins(finished):
    code, output = finished[0]['misspelt']
    assert code == 2 and 'Traceback' not in output
    assert ("'Helinger' is not in the distillation loss registry; nearest: Hellinger (mtkd_example_plugin.hellinger)"
            in output)


def test_the_plugins_own_tests_pass(finished):
    code, output = finished[0]['tests']
    assert code == 0 and '10 passed' in output, output


def test_a_package_that_is_not_there_is_named():
    with pytest.raises(ValueError, match='mtkd_example_plugin'):
        load_config(STUDENT)


def test_the_texts_are_short():
    assert sum(len(text.splitlines()) for text in SNIPPETS) <= 30
    assert len((PLUGIN / 'README.md').read_text().splitlines()) <= 45
