"""Strong augmentation of the student's images: colour changes and a cutout, without geometric changes."""

import torch
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)


class StrongView:
    """Changes the colours of each image and masks a rectangle of it, on the device, after the pipeline's augmentation.

    There are no geometric changes, because labels and teachers' outputs are not transformed. All parameters are sampled per
    image from torch's generator, which the training loop seeds in every step.

    Args:
        brightness: factor drawn from 1 ± this.
        contrast: factor about the mean grey value of the image, drawn from 1 ± this.
        saturation: factor about the grey value of each pixel, drawn from 1 ± this.
        grey: probability that an image is converted to grey.
        hole: the maximum side of the masked rectangle as a fraction of that of the image; it is filled with mid-grey. 0: no
            masking.

    Raises:
        ValueError: a number outside 0 to 1.

    Source: the part of FixMatch's strong augmentation (RandAugment of colours, then Cutout of up to half a side) that
    keeps every pixel in its place; Sohn et al., NeurIPS 2020, section 2.3. The set of colour operations is ours.
    """

    def __init__(self, brightness: float = 0.4, contrast: float = 0.4, saturation: float = 0.4, grey: float = 0.2,
                 hole: float = 0.5) -> None:
        for name, value in (('brightness', brightness), ('contrast', contrast), ('saturation', saturation), ('grey', grey),
                            ('hole', hole)):
            if not 0 <= value <= 1:
                raise ValueError(f'student_view: {name}={value}; give a number from 0 to 1.')
        self.brightness, self.contrast, self.saturation = brightness, contrast, saturation
        self.grey, self.hole = grey, hole

    def __call__(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) uint8, or (B, T, 3, H, W) clips, one view per clip -> the same shape, augmented."""
        draws = torch.rand(len(image), 8, device=image.device)
        factors = [draw.view(-1, *[1] * (image.ndim - 1)) for draw in draws.unbind(1)]
        picture = image.float()
        picture = picture * (1 + self.brightness * (2 * factors[0] - 1))
        luma = (picture * picture.new_tensor(LUMA).view(3, 1, 1)).sum(-3, keepdim=True)
        mean = luma.mean(tuple(range(1, image.ndim)), keepdim=True)
        picture = mean + (picture - mean) * (1 + self.contrast * (2 * factors[1] - 1))
        luma = (picture * picture.new_tensor(LUMA).view(3, 1, 1)).sum(-3, keepdim=True)
        saturation = torch.where(factors[3] < self.grey, 0.0, 1 + self.saturation * (2 * factors[2] - 1))
        picture = luma + (picture - luma) * saturation
        if self.hole:
            picture = picture.masked_fill(self._inside(image, factors), 127.5)
        return picture.round().clamp(0, 255).to(torch.uint8)

    def _inside(self, image: Tensor, factors: list[Tensor]) -> Tensor:
        """Mask of the hole."""
        height, width = image.shape[-2:]
        rows, columns = (torch.arange(side, device=image.device) + 0.5 for side in (height, width))
        tall, wide = self.hole * height * factors[4], self.hole * width * factors[5]
        top, left = (height - tall) * factors[6], (width - wide) * factors[7]
        across = (columns >= left) & (columns < left + wide)
        return (rows[:, None] >= top) & (rows[:, None] < top + tall) & across
