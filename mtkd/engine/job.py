"""The options of a training or test, and the resulting config."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config

from .config import default_data_root, default_work_dir, load_config, prepare
from .prerequisite import connected, resolved
from .smoke import smoke as cut_down


@dataclass
class Job:
    """The options of a training or test, with the defaults of ``mtkd train``.

    Attributes:
        config: config file.
        options: ``--cfg-options``.
        work_dir: output folder; None: ``work_dirs/<config name>/seed<seed>``.
        seed: random seed of the run.
        data_root: folder that contains the folders of the data sets; None: MTKD_DATA_ROOT or ``data``.
        amp: ``'bf16'``, ``'fp16'``, ``'off'``; None: as in the config.
        compile: compile trunk, heads and teachers.
        smoke: a few iterations on synthetic data.
        quick: shorten the run and its prerequisites to minutes, on the data of the config.
        launcher: ``'none'``, ``'pytorch'``, ``'slurm'``, ``'mpi'``.
        resume: resume from the newest valid checkpoint of the work dir, if there is one.
        resume_from: resume from this checkpoint.
        overwrite: remove the previous run in the work dir.
        take_config: when resuming, use the config for everything that differs from the run of the checkpoint.
        with_prerequisites: first train missing teachers, run missing searches, and create missing pseudo-labels and caches.
        log: names of experiment trackers, see :mod:`~mtkd.engine.trackers`.
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
    log: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """The work dir."""
        if self.work_dir is not None:
            return Path(self.work_dir)
        folder = default_work_dir(self.config, self.seed, quick=self.quick)
        return folder / 'smoke' if self.smoke else folder

    def loaded(self) -> Config:
        """The config with its options, shortened for a quick run.

        Raises:
            ValueError: both ``quick`` and ``smoke`` are set.
        """
        if self.smoke and self.quick:
            raise ValueError('--smoke uses synthetic data and --quick the data of the config: give one of them.')
        return load_config(self.config, self.options, quick=self.quick)

    def resolved(self, *, network_only: bool = False, seed: int | None = None) -> Config:
        """The config with its prerequisites resolved; reduced for a smoke run.

        Args:
            network_only: only resolve prerequisites of the network itself.
            seed: seed of its teachers and searches; None: that of the job.
        """
        return resolve(self.loaded(), self.seed if seed is None else seed, smoke=self.smoke,
                       network_only=network_only)

    def prepared(self, cfg: Config | None = None, *, training: bool = True, with_teachers: bool = True,
                 seed: int | None = None) -> Config:
        """The config, ready for the Runner, for training and testing.

        Args:
            cfg: the result of :meth:`resolved`, if available.
            training: False: only score a checkpoint.
            with_teachers: whether teachers are built even if only a checkpoint is scored.
            seed: seed of its teachers and searches; None: that of the job.

        Raises:
            MissingPrerequisite: a teacher, search or pseudo-label is missing; the message names the command.
            ValueError: the config is invalid.
        """
        if cfg is None:
            cfg = self.resolved(network_only=not training and not with_teachers, seed=seed)
        cfg = prepare(cfg, work_dir=self.folder, seed=self.seed, data_root=self.data_root or default_data_root(),
                      amp=self.amp, compile_net=self.compile, launcher=self.launcher, training=training,
                      with_teachers=with_teachers, trackers=self.log)
        return connected(cfg, self.seed, random=self.smoke) if training else cfg


def resolve(cfg: Config, seed: int, *, smoke: bool = False, network_only: bool = False) -> Config:
    """Resolve the prerequisites of a loaded config, or reduce it to a smoke run that needs none."""
    cfg = resolved(cfg, seed, random=smoke, network_only=network_only)
    return cut_down(cfg) if smoke else cfg
