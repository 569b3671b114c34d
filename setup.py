"""Install mtkd."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent


def requirements(name: str) -> list[str]:
    lines = (line.split('#')[0].strip() for line in (HERE / 'requirements' / f'{name}.txt').read_text().splitlines())
    return [line for line in lines if line]


setup(
    name='mtkd',
    version=re.search(r"__version__ = '(.+)'", (HERE / 'mtkd' / '__init__.py').read_text())[1],
    description='Knowledge distillation for multi-task and multi-dataset learning, in the MMEngine style',
    long_description=(HERE / 'README.md').read_text() if (HERE / 'README.md').is_file() else '',
    long_description_content_type='text/markdown',
    python_requires='>=3.10',
    packages=find_packages(include=['mtkd', 'mtkd.*']),
    package_data={'mtkd.leaderboard': ['assets/*', 'published/*.json']},
    install_requires=requirements('runtime'),
    extras_require={'tests': requirements('tests'), 'optional': requirements('optional')},
)
