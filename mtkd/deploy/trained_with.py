"""Compares the config of a student with the one that its checkpoint was trained with."""

from ..engine.identity import Identity, config_differences
from .student import Student


def is_trial(student: Student) -> bool:
    """Whether the checkpoint comes from a ``--smoke`` run: a few iterations on synthetic data."""
    identity = Identity.read(student.meta)
    return identity is not None and identity.smoke


def changed_since_training(student: Student) -> list[str]:
    """The config values that differ from those of the training, one phrase each.

    Results of teachers and other earlier runs are not compared. If the checkpoint does not contain the config of its run,
    only the hash is compared. For a plain state dict or a trial run, whose config was reduced, nothing is compared.
    """
    then = student.meta.get('config_sha256')
    if then in (None, student.config_sha256) or is_trial(student):
        return []
    if Identity.read(student.meta) is None:
        return [f'the config (sha256 {then[:8]} then, {student.config_sha256[:8]} now)']
    return config_differences(student.meta, student.cfg.to_dict())
