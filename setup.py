"""Adds configs and tools to the wheel, under ``mtkd/.mim`` (MIM's convention); everything else is in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
SHIPPED = ('configs', 'tools', 'requirements')  # folders that the commands read, outside the package


class BuildWithConfigs(build_py):
    """``build_py`` that also copies :data:`SHIPPED` into ``mtkd/.mim`` of the build folder."""

    def run(self) -> None:
        """Build the package, then copy the folders; an editable install reads them from the checkout."""
        super().run()
        if self.editable_mode:
            return
        inside = Path(self.build_lib) / 'mtkd' / '.mim'
        shutil.rmtree(inside, ignore_errors=True)
        for name in SHIPPED:
            shutil.copytree(HERE / name, inside / name, ignore=shutil.ignore_patterns('__pycache__', '*.pyc'))

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """The files of the package and the copied ones."""
        inside = Path(self.build_lib) / 'mtkd' / '.mim'
        copied = [str(path) for path in inside.rglob('*') if path.is_file()]
        return [*super().get_outputs(include_bytecode), *copied]


setup(cmdclass={'build_py': BuildWithConfigs})
