"""The plugin and the shortest example are run as a user runs them: tools/train.py in a process of its own."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PROJECTS = REPOSITORY / 'projects'
PLUGIN = PROJECTS / 'example_plugin'
STUDENT = PLUGIN / 'configs' / 'student_hellinger_synthetic.py'
DENSE = ('semseg', 'depth', 'normals', 'edge')


def start(arguments, folder, path):
    environment = {**os.environ, 'PYTHONPATH': str(path), 'OMP_NUM_THREADS': '1'}
    return subprocess.Popen([sys.executable, *map(str, arguments)], cwd=folder, env=environment,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def train(config, folder, path, *options):
    return start([REPOSITORY / 'tools' / 'train.py', config, '--smoke', '--work-dir', folder / 'work', *options],
                 folder, path)


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    """name -> (exit code, output, folder) of all the processes, which run at the same time."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ('plugin', 'shortest', 'misspelt', 'missing', 'tests')}
    loss, config = re.findall(r'```python\n(.*?)```', (PROJECTS / 'README.md').read_text(), re.DOTALL)
    (folders['shortest'] / 'my_loss.py').write_text(loss)
    (folders['shortest'] / 'my_config.py').write_text(config)
    (folders['shortest'] / 'configs').symlink_to(REPOSITORY / 'configs')
    misspelt = 'model.distiller.links.each_task.loss.type=Helinger'
    running = {
        'plugin': train(STUDENT, folders['plugin'], PLUGIN),
        'shortest': train('my_config.py', folders['shortest'], folders['shortest']),
        'misspelt': train(STUDENT, folders['misspelt'], PLUGIN, '--cfg-options', misspelt),
        'missing': train(STUDENT, folders['missing'], folders['missing']),
        'tests': start(['-m', 'pytest', '-q', '-p', 'no:cacheprovider', PLUGIN / 'tests'], folders['tests'], PLUGIN)}
    outputs = {name: process.communicate()[0] for name, process in running.items()}
    return {name: (process.returncode, outputs[name], folders[name]) for name, process in running.items()}


def scalars(folder):
    (file,) = (folder / 'work').glob('*/vis_data/scalars.json')
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return next(line for line in lines if 'loss' in line)


@pytest.mark.parametrize(('name', 'term'), [('plugin', 'hellinger'), ('shortest', 'tv')])
def test_the_new_terms_are_trained_with(finished, name, term):
    code, output, folder = finished[name]
    assert code == 0, output
    logged = scalars(folder)
    assert all(0 < logged[f'{task}/{term}'] <= 1 for task in DENSE)


def test_the_plugins_own_tests_pass(finished):
    code, output, _ = finished['tests']
    assert code == 0 and '6 passed' in output, output


def test_a_misspelt_name_is_answered_with_the_plugins(finished):
    code, output, _ = finished['misspelt']
    assert code == 2 and 'Traceback' not in output
    assert "'Helinger' is not in the distillation loss registry; nearest: Hellinger (mtkd_example_plugin.hellinger)" in output


def test_a_package_that_is_not_there_is_named(finished):
    code, output, _ = finished['missing']
    assert code == 2 and 'Traceback' not in output and 'mtkd_example_plugin' in output


def test_the_snippet_fits_a_readme():
    snippets = re.findall(r'```python\n(.*?)```', (PROJECTS / 'README.md').read_text(), re.DOTALL)
    assert sum(len(text.splitlines()) for text in snippets) <= 30
    assert len((PLUGIN / 'README.md').read_text().splitlines()) <= 40
