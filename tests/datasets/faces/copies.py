"""Writers of tiny synthetic copies of the face data sets in their own formats. All images are noise, without any person."""

import datetime
from pathlib import Path

import cv2
import numpy as np
from scipy.io import savemat


def picture(path: Path, seed: int = 0, size: tuple[int, int] = (24, 20)) -> Path:
    """Write an image of noise; its top left quarter has one colour that depends on the seed, to identify it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(seed).integers(0, 256, (*size, 3)).astype(np.uint8)
    image[:size[0] // 2, :size[1] // 2] = 10 * (seed % 25)
    assert cv2.imwrite(str(path), image)
    return path


def write_fairface(root: Path, count: int = 12, split: str = 'train') -> None:
    ages = ('0-2', '3-9', '10-19', '20-29', '30-39', '40-49', '50-59', '60-69', 'more than 70')
    races = ('White', 'Black', 'Latino_Hispanic', 'East Asian', 'Southeast Asian', 'Indian', 'Middle Eastern')
    lines = ['file,age,gender,race,service_test']
    for i in range(count):
        picture(root / split / f'{i + 1}.jpg', i)
        lines.append(f'{split}/{i + 1}.jpg,{ages[i % 9]},{("Male", "Female")[i % 2]},{races[i % 7]},False')
    (root / f'fairface_label_{split}.csv').write_text('\n'.join(lines) + '\n')


def write_utkface(root: Path) -> None:
    for i, name in enumerate(('25_0_1_20170109142408075.jpg.chip.jpg', '116_1_4_20170109142408076.jpg',
                              '39_1_20170116174525125.jpg.chip.jpg', '61_3_20170109150557335.jpg.chip.jpg',
                              '1_1_0_20170109142408078.jpg')):
        picture(root / ('part1' if i % 2 else 'part2') / name, i)


def write_fer2013(root: Path, header: str = 'emotion,pixels,Usage') -> None:
    rows = [header]
    for i, usage in enumerate(('Training', 'Training', 'PublicTest', 'PrivateTest', 'Training')):
        pixels = np.random.default_rng(i).integers(0, 256, 48 * 48)
        fields = {'emotion': str(i), 'pixels': ' '.join(map(str, pixels)), 'Usage': usage}
        rows.append(','.join(fields[column.strip()] for column in header.split(',')))
    (root / 'fer2013.csv').write_text('\n'.join(rows) + '\n')


def write_adience(root: Path) -> None:
    ages = ('(25, 32)', '(0, 2)', '35', '57', 'None', '(27, 32)', '(8, 23)', '(60, 100)', '3', '29')
    genders = ('m', 'f', 'u', 'm', '', 'f', 'm', 'f', 'm', 'u')
    header = ('user_id', 'original_image', 'face_id', 'age', 'gender', 'x', 'y', 'dx', 'dy', 'tilt_ang',
              'fiducial_yaw_angle', 'fiducial_score')
    for fold in range(5):
        lines = ['\t'.join(header)]
        for i in (2 * fold, 2 * fold + 1):
            lines.append('\t'.join((f'{i}@N0{fold}', f'{i}_o.jpg', str(100 + i), ages[i], genders[i], *['1'] * 7)))
            picture(root / 'aligned' / f'{i}@N0{fold}' / f'landmark_aligned_face.{100 + i}.{i}_o.jpg', i)
            picture(root / 'faces' / f'{i}@N0{fold}' / f'coarse_tilt_aligned_face.{100 + i}.{i}_o.jpg', i + 10)
        (root / f'fold_{fold}_data.txt').write_text('\n'.join(lines) + '\n')


def write_raf_db(root: Path) -> None:
    lines = []
    for i, stem in enumerate([*(f'train_{n:05d}' for n in range(1, 8)), 'test_0001']):
        lines.append(f'{stem}.jpg {i % 7 + 1}')
        picture(root / 'Image' / 'aligned' / f'{stem}_aligned.jpg', i)
        manual = root / 'Annotation' / 'manual' / f'{stem}_manu_attri.txt'
        manual.parent.mkdir(parents=True, exist_ok=True)
        manual.write_text('30.1\t40.2\n' * 5 + f'{i % 3}\n{(i + 1) % 3}\n{i % 5}\n')
    (root / 'EmoLabel').mkdir(exist_ok=True)
    (root / 'EmoLabel' / 'list_patition_label.txt').write_text('\n'.join(lines) + '\n')


def write_morph(root: Path) -> list[str]:
    names = [f'{person:06d}_{number}{"MF"[person % 2]}{20 + person + number}.JPG'
             for person in range(10) for number in range(2)]
    for i, name in enumerate(names):
        picture(root / 'Album2' / name, i)
    return names


def write_affectnet(root: Path, header: bool = True) -> None:
    columns = ('subDirectory_filePath', 'face_x', 'face_y', 'face_width', 'face_height', 'facial_landmarks', 'expression',
               'valence', 'arousal')
    lines = [','.join(columns)] if header else []
    for i in range(11):
        lines.append(f'{i}/{i:03d}.jpg,2,3,10,12,1.0;2.0,{i},0.1,-0.2')
        picture(root / 'Manually_Annotated_Images' / str(i) / f'{i:03d}.jpg', i)
    (root / ('training.csv' if header else 'validation.csv')).write_text('\n'.join(lines) + '\n')


def matlab_day(year: int, month: int, day: int) -> int:
    """Matlab's datenum."""
    return datetime.date(year, month, day).toordinal() + 366


def write_imdb_wiki(root: Path, source: str = 'wiki') -> None:
    born = [matlab_day(1980, 6, 30), matlab_day(1980, 7, 1), matlab_day(1950, 1, 1), matlab_day(1990, 3, 3),
            matlab_day(1890, 1, 1), 0, matlab_day(1970, 1, 1)]
    nan = np.nan
    paths = [f'{i:02d}/{i}_x.jpg' for i in range(7)]
    for i, path in enumerate(paths):
        picture(root / f'{source}_crop' / path, i)
    cells = np.empty(7, object)
    names = np.empty(7, object)
    cells[:], names[:] = paths, [f'name {i // 2}' for i in range(7)]
    savemat(root / f'{source}.mat', {source: {
        'dob': np.array(born, float), 'photo_taken': np.full(7, 2000), 'full_path': cells, 'name': names,
        'gender': np.array([1, 0, nan, 1, 1, 1, 0]), 'face_score': np.array([3, 2.5, 4, 0.9, 5, 5, -np.inf]),
        'second_face_score': np.array([nan, nan, nan, nan, nan, nan, 2.0])}})
