"""The code of docs/mechanisms/write_your_own.md works, in a separate process."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / 'docs' / 'mechanisms' / 'write_your_own.md').read_text(encoding='utf-8')
FILES = ('my_loss.py', 'my_task.py', 'my_dataset.py', 'my_backbone.py', 'my_teacher.py', 'my_balance.py', 'my_config.py',
         'my_student.py')
RUN = """
from pathlib import Path
from mtkd.engine.run import Job, test, train
for seed in (0, 1):
    train(Job('my_config.py', seed=seed, data_root=Path('.')))
often = {'default_hooks.logger.interval': 2}
folder = train(Job('my_student.py', data_root=Path('.'), options=often))
print('tested', sorted(test(Job('my_student.py', data_root=Path('.')), folder / 'final.pth').metrics))
"""


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    """The page's files, its configs, and a few images in the layout of its data set."""
    at = tmp_path_factory.mktemp('own')
    blocks = re.findall(r'```python\n(.*?)```', PAGE, re.DOTALL)
    for name, block in zip(FILES, blocks, strict=True):
        assert f'`{name}`' in PAGE
        (at / name).write_text(block)
    (at / 'mtkd_configs').symlink_to(ROOT / 'configs')
    rng = np.random.default_rng(0)
    for split, count in (('train', 8), ('val', 3)):
        place = at / 'corridors' / split
        place.mkdir(parents=True)
        for i in range(count):
            classes = rng.integers(0, 3, (4, 6)).astype(np.uint8).repeat(8, 0).repeat(8, 1)
            classes[0, :5] = 255
            cv2.imwrite(str(place / f'{i}.png'), classes)
            cv2.imwrite(str(place / f'{i}.jpg'), np.stack([classes % 3 * 80] * 3, -1))
    return at


def test_each_is_under_thirty_lines():
    for block in re.findall(r'```python\n(.*?)```', PAGE, re.DOTALL):
        assert len(block.splitlines()) < 30


def test_all_six_together(folder):
    done = subprocess.run([sys.executable, '-c', RUN], cwd=folder, capture_output=True, text=True, timeout=600,
                          env={**os.environ, 'PYTHONPATH': f'{ROOT}{os.pathsep}{folder}', 'OMP_NUM_THREADS': '1'})
    assert done.returncode == 0, done.stderr[-3000:]
    assert "tested ['obstacle', 'semseg']" in done.stdout
    log = (folder / 'work_dirs' / 'my_student' / 'seed0' / 'vis_data' / 'scalars.json').read_text()
    terms = set(json.loads(log.splitlines()[0]))
    assert {'semseg/overlap', 'obstacle/overlap', 'semseg/ce', 'obstacle/bce'} <= terms
