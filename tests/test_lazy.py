import subprocess
import sys

import pytest

import mtkd.distill
import mtkd.metrics
import mtkd.models
import mtkd.tasks

PACKAGES = (mtkd.distill, mtkd.metrics, mtkd.models, mtkd.tasks)

LIGHT = """
import sys
import mtkd.distill.losses, mtkd.balance
from mtkd.distill import Distiller, Teacher, Link, losses
from mtkd.balance import MGDA

print(*sorted({name.split('.')[0] for name in sys.modules}))
"""


def test_parts_for_ones_own_loop_import_no_framework():
    done = subprocess.run([sys.executable, '-c', LIGHT], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {'torch', 'mtkd'} <= loaded
    assert not loaded & {'mmengine', 'mmcv', 'timm', 'transformers', 'torchvision', 'scipy', 'skimage', 'matplotlib', 'cv2'}


@pytest.mark.parametrize('package', PACKAGES, ids=lambda package: package.__name__)
def test_every_public_name_is_found_and_listed(package):
    assert set(package.__all__) <= set(dir(package))
    for name in package.__all__:
        part = getattr(package, name)
        assert vars(package)[name] is part, 'it is an attribute after the first access'


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'mtkd.distill' has no attribute 'Linc'"):
        _ = mtkd.distill.Linc
    with pytest.raises(ImportError, match='Linc'):
        from mtkd.distill import Linc  # noqa: F401
