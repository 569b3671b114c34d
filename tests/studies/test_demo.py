"""The demo's order of runs, its time limit, and its picture; make demo itself is run by hand and in CI's place."""

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from mtkd.engine.config import check_option, load_config
from mtkd.engine.run import Job
from mtkd.studies import demo


@pytest.fixture
def done(monkeypatch) -> list[str]:
    """Runs recorded instead of carried out; each test draws a grey picture."""
    order: list[str] = []

    def train(job: Job) -> Path:
        for key in job.options:
            check_option(load_config(job.config), key)
        order.append(f'{Path(job.config).stem} {job.seed}')
        return job.folder

    def test(job: Job, checkpoint: Path, show_dir: Path, num_pictures: int) -> SimpleNamespace:
        show_dir.mkdir(parents=True)
        cv2.imwrite(str(show_dir / 'a.png'), np.full((20, 30, 3), 100, np.uint8))
        return SimpleNamespace()

    monkeypatch.setattr(demo, 'train', train)
    monkeypatch.setattr(demo, 'test', test)
    return order


def test_teacher_first_then_references_then_the_students(done, tmp_path):
    reported = []
    seeds, picture = demo.run(tmp_path, 2, 1e9, lambda job, facts, out: reported.append(out))
    assert done == ['teacher 0', 'single_semseg 0', 'single_depth 0', 'single_normals 0', 'single_edge 0',
                    'student 0', 'student_kdam 0', 'student 1', 'student_kdam 1']
    assert seeds == 2 and len(reported) == 9 and reported[0] == tmp_path / 'teacher/seed0/results.json'
    assert cv2.imread(str(picture)).shape[1] == 3 * (30 + 8)


def test_one_seed_is_always_run_and_no_more_after_the_time(done, tmp_path):
    seeds, _ = demo.run(tmp_path, 3, 0.0, lambda *_: None)
    assert seeds == 1 and done[-1] == 'student_kdam 0'
