"""Reads frames from video files, or from folders with extracted frames."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from ..base import BadData
from ..files import REPAIR
from ..picture_files import IMAGE_SUFFIXES, is_picture, read_picture

SEEK = 64  # for gaps of at least this many frames, seeking is cheaper than decoding
MIN_SHARE = 0.9  # a header may announce a few frames too many; below this share the file is damaged

Choose = Callable[[int], Sequence[int] | np.ndarray]  # number of frames -> the selected ones; deterministic


def read_clip(path: Path, choose: Choose) -> np.ndarray:
    """(T, H, W, 3) uint8 RGB: the requested frames of a video; no others are decoded.

    Args:
        path: a video file in any format that OpenCV reads; or a folder with one image per frame, in the order of their
            names (numbers with or without leading zeros).
        choose: number of frames -> the T frames to read, from 0, in any order and with repetitions.

    Raises:
        BadData: the file cannot be decoded or is truncated, the folder is empty, or frames differ in size.
    """
    return _of_folder(path, choose) if path.is_dir() else _of_video(path, choose)


def _of_folder(path: Path, choose: Choose) -> np.ndarray:
    files = [file for file in path.iterdir() if is_picture(file)]
    files.sort(key=lambda file: (len(file.stem), file.stem))  # frame9 before frame10, and 0009 before 0010
    if not files:
        raise BadData(f'{path} holds no frames ({", ".join(IMAGE_SUFFIXES)}): {REPAIR}.')
    wanted = [int(number) for number in choose(len(files))]
    frames = {number: read_picture(files[number]) for number in sorted(set(wanted))}
    sizes = {frame.shape[:2] for frame in frames.values()}
    if len(sizes) > 1:
        raise BadData(f'the frames in {path} differ in size ({", ".join(map(str, sorted(sizes)))}): {REPAIR}.')
    return np.stack([frames[number] for number in wanted])


def _of_video(path: Path, choose: Choose) -> np.ndarray:
    promised = _promised(path)
    clip = _decoded(path, choose(promised))
    if clip is None:
        there = _countable(path)
        if there < MIN_SHARE * promised:
            raise BadData(f'{path} breaks off: of its {promised} frames {there} can be decoded: {REPAIR}.')
        clip = _decoded(path, choose(there))
    if clip is None:
        raise BadData(f'{path} cannot be decoded reliably: {REPAIR}; or unpack its frames to a folder of its name.')
    return clip


def _promised(path: Path) -> int:
    """The number of frames in the file's header."""
    video = cv2.VideoCapture(str(path))
    count = int(video.get(cv2.CAP_PROP_FRAME_COUNT)) if video.isOpened() else 0
    video.release()
    if count < 1:
        raise BadData(f'{path} is not a readable video: {REPAIR}.')
    return count


def _countable(path: Path) -> int:
    """The actual number of frames, found by reading all of them."""
    video, count = cv2.VideoCapture(str(path)), 0
    while video.grab():
        count += 1
    video.release()
    return count


def _decoded(path: Path, numbers: Sequence[int] | np.ndarray) -> np.ndarray | None:
    """The frames with these numbers; None if one of them does not exist.

    Long gaps are skipped by seeking: exact at a constant frame rate, by time at a variable one.
    """
    video, frames, following = cv2.VideoCapture(str(path)), {}, 0
    wanted = [int(number) for number in numbers]
    for number in sorted(set(wanted)):
        if number - following > SEEK:
            video.set(cv2.CAP_PROP_POS_FRAMES, number)
            following = number
        while following < number and video.grab():
            following += 1
        there, frame = video.read() if following == number else (False, None)
        if not there:
            break
        frames[number] = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
        following = number + 1
    video.release()
    return np.stack([frames[number] for number in wanted]) if len(frames) == len(set(wanted)) else None
