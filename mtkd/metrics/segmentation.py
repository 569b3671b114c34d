"""Mean intersection over union and pixel accuracy of class maps."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ..registry import METRICS
from ..structures import IGNORE
from .base import MetricInfo, TaskMetric

_ABSENT = ('zero', 'ignore')


@METRICS.register_module()
class MeanIoU(TaskMetric):
    """mIoU and pixAcc from one confusion matrix over all samples; ignored pixels are left out.

    Args:
        num_classes: classes 0 … num_classes - 1.
        absent: how to treat a class that is in neither predictions nor labels: ``'zero'`` (IoU 0, as in the ATRC code)
            or ``'ignore'`` (left out of the mean).
        without: class ids to leave out of an additional mean, reported as ``mIoU_without_<ids>``. Only the mean
            changes: if a pixel of these classes is predicted as another class, it is still an error of that class.
        legacy_per_image: also report the numbers of KD4MTL's tables, which are much lower for mIoU: per image the mean over
            occurring classes, where a prediction on an ignored pixel is a false positive; then the mean over images.

    Raises:
        ValueError: ``absent`` or an id in ``without`` is not allowed.

    Source: fact sheet 3.1.
    """

    primary = 'mIoU'

    def __init__(self, num_classes: int, absent: str = 'zero', without: Sequence[int] = (),
                 legacy_per_image: bool = False) -> None:
        if absent not in _ABSENT:
            raise ValueError(f"MeanIoU: absent is '{absent}'; allowed are {' and '.join(_ABSENT)}.")
        if any(not 0 <= c < num_classes for c in without):
            raise ValueError(f'MeanIoU: without={tuple(without)} has ids that are not in 0..{num_classes - 1}.')
        self.num_classes = num_classes
        self.absent = absent
        self.without = tuple(sorted(without))
        self.legacy_per_image = legacy_per_image

    @property
    def names(self) -> Mapping[str, MetricInfo]:
        higher = ['mIoU', 'pixAcc']
        if self.without:
            higher.append(self._without_name)
        if self.legacy_per_image:
            higher += ['legacy_mIoU', 'legacy_pixAcc']
        return {**{name: MetricInfo('%', True) for name in higher}, 'num_absent': MetricInfo('classes', False)}

    def record(self, pred: Tensor, target: Tensor) -> Tensor:
        """The confusion matrix, and with ``legacy_per_image`` this image's mIoU, pixAcc and whether it counts.

        Args:
            pred: (H, W) class ids; 255 where the network's scores were NaN, which makes every number NaN.
            target: (H, W) class ids, 255 ignored.

        Returns:
            (num_classes² [+ 3],) float64.

        Raises:
            ValueError: a class id is not below ``num_classes``.
        """
        pred, target = pred.cpu().long().flatten(), target.cpu().long().flatten()
        valid = target != IGNORE
        classless = pred == IGNORE
        pred = torch.where(classless, 0, pred) if classless.any() else pred
        confusion = self._confusion(pred[valid], target[valid])
        record = torch.cat([confusion.flatten(), self._legacy(confusion, pred)]) if self.legacy_per_image \
            else confusion.flatten()
        return self.unknown(record) if (classless & valid).any() else record

    def summarise(self, records: Tensor) -> dict[str, float]:
        """See :class:`TaskMetric`; percent, ``num_absent`` in classes."""
        if self.has_unknown(records):
            return dict.fromkeys(self.names, float('nan'))
        total = records.double().sum(0)
        confusion = total[:self.num_classes ** 2].reshape(self.num_classes, self.num_classes)
        true_positive = confusion.diagonal()
        union = confusion.sum(0) + confusion.sum(1) - true_positive
        iou = true_positive / union  # NaN where the class is absent
        num_valid = confusion.sum()
        numbers = {'mIoU': self._mean(iou, num_valid), 'pixAcc': true_positive.sum() / num_valid * 100}
        if self.without:
            kept = [c for c in range(self.num_classes) if c not in self.without]
            numbers[self._without_name] = self._mean(iou[kept], num_valid)
        if self.legacy_per_image:
            numbers['legacy_mIoU'], numbers['legacy_pixAcc'] = total[-3:-1] / total[-1] * 100
        numbers['num_absent'] = (union == 0).sum()
        return {name: float(number) for name, number in numbers.items()}

    @property
    def _without_name(self) -> str:
        return 'mIoU_without_' + '_'.join(map(str, self.without))

    def _mean(self, iou: Tensor, num_valid: Tensor) -> Tensor:
        if self.absent == 'ignore':
            return iou.nanmean() * 100
        return torch.where(num_valid > 0, iou.nan_to_num(0.0).mean() * 100, float('nan'))

    def _confusion(self, pred: Tensor, target: Tensor) -> Tensor:
        """(label, prediction) counts of the valid pixels, (num_classes, num_classes) float64."""
        for ids, what in ((target, 'label'), (pred, 'prediction')):
            if ids.numel() and int(ids.max()) >= self.num_classes:
                raise ValueError(f'MeanIoU: a {what} holds class {int(ids.max())}, but num_classes is '
                                 f'{self.num_classes} (ids 0..{self.num_classes - 1}); check the class mapping.')
        cells = torch.bincount(target * self.num_classes + pred, minlength=self.num_classes ** 2)
        return cells.reshape(self.num_classes, self.num_classes).double()

    def _legacy(self, confusion: Tensor, pred: Tensor) -> Tensor:
        """This image's mIoU and pixAcc as fractions, and 1; zeros where it has no valid pixel."""
        num_valid = confusion.sum()
        if num_valid == 0:
            return torch.zeros(3, dtype=torch.float64)
        predicted_anywhere = torch.bincount(pred, minlength=self.num_classes)[:self.num_classes].double()
        true_positive = confusion.diagonal()
        iou = true_positive / (predicted_anywhere + confusion.sum(1) - true_positive)
        return torch.stack([iou.nanmean(), true_positive.sum() / num_valid, torch.ones_like(num_valid)])
