"""Install the example plugin: ``pip install -e projects/example_plugin``."""

from setuptools import setup

setup(
    name='mtkd-example-plugin',
    version='0.1.0',
    description='A distillation loss, a balance and a data set for mtkd, in a separate package',
    python_requires='>=3.10',
    packages=['mtkd_example_plugin'],
    install_requires=['mtkd'],
)
