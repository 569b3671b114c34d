"""What a user asks for on a command line, and the config that follows from it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config

from .config import default_data_root, default_work_dir, load_config, prepare
from .prerequisite import connected, resolved
from .smoke import smoke as cut_down


@dataclass
class Job:
    """What a command line asks for; the defaults are those of ``tools/train.py``.

    Attributes:
        config: config file.
        options: ``--cfg-options``.
        work_dir: where to write; None: ``work_dirs/<config name>/seed<seed>``.
        seed: of everything random.
        data_root: folder that holds the data sets' folders; None: MTKD_DATA_ROOT or ``data``.
        amp: ``'bf16'``, ``'fp16'``, ``'off'``; None: the config's choice.
        compile: compile trunk, heads and teachers.
        smoke: a few iterations on synthetic data.
        quick: cut down to minutes, with everything before it, on the config's own data.
        launcher: ``'none'``, ``'pytorch'``, ``'slurm'``, ``'mpi'``.
        resume: go on from the newest good checkpoint of the work dir, if there is one.
        resume_from: go on from this checkpoint.
        overwrite: remove the run that the work dir holds.
        take_config: in a resume, take what differs from the checkpoint's run from the config.
        with_prerequisites: first train missing teachers, run missing searches, and make missing pseudo-labels and caches.
    """

    config: str
    options: dict[str, Any] = field(default_factory=dict)
    work_dir: Path | None = None
    seed: int = 0
    data_root: Path | None = None
    amp: str | None = None
    compile: bool = False
    smoke: bool = False
    quick: bool = False
    launcher: str = 'none'
    resume: bool = False
    resume_from: Path | None = None
    overwrite: bool = False
    take_config: bool = False
    with_prerequisites: bool = False

    @property
    def folder(self) -> Path:
        """The work dir."""
        if self.work_dir is not None:
            return Path(self.work_dir)
        folder = default_work_dir(self.config, self.seed, quick=self.quick)
        return folder / 'smoke' if self.smoke else folder

    def loaded(self) -> Config:
        """The config with its options, cut down where the run is a quick one.

        Raises:
            ValueError: the run is to be quick and a smoke run.
        """
        if self.smoke and self.quick:
            raise ValueError('--smoke tries a config on synthetic data and --quick on its own: give one of them.')
        return load_config(self.config, self.options, quick=self.quick)

    def resolved(self, *, network_only: bool = False, seed: int | None = None) -> Config:
        """The config with its teachers found, cut down where it is a smoke run.

        Args:
            network_only: only find what is inside the network.
            seed: of the teachers and searches that belong to it; None: the job's.
        """
        return resolve(self.loaded(), self.seed if seed is None else seed, smoke=self.smoke,
                       network_only=network_only)

    def prepared(self, cfg: Config | None = None, *, training: bool = True, with_teachers: bool = True,
                 seed: int | None = None) -> Config:
        """The config, ready for the Runner; training and testing both take this way.

        Args:
            cfg: what :meth:`resolved` has given, if it is at hand.
            training: False: only to score a checkpoint.
            with_teachers: where only a checkpoint is scored, whether its teachers are built all the same.
            seed: of the teachers and searches that belong to it; None: the job's.

        Raises:
            MissingPrerequisite: a teacher, search or pseudo-label is missing; the message names the command.
            ValueError: something in the config is wrong.
        """
        if cfg is None:
            cfg = self.resolved(network_only=not training and not with_teachers, seed=seed)
        cfg = prepare(cfg, work_dir=self.folder, seed=self.seed, data_root=self.data_root or default_data_root(),
                      amp=self.amp, compile_net=self.compile, launcher=self.launcher, training=training,
                      with_teachers=with_teachers)
        return connected(cfg, self.seed, random=self.smoke) if training else cfg


def resolve(cfg: Config, seed: int, *, smoke: bool = False, network_only: bool = False) -> Config:
    """A loaded config with its prerequisites found, or cut down to a smoke run that needs none."""
    cfg = resolved(cfg, seed, random=smoke, network_only=network_only)
    return cut_down(cfg) if smoke else cfg
