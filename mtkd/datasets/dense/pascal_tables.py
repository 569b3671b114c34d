"""Tables for PASCAL-Context's multi-task labels: the six body parts, and the classes it shares with NYU."""

SIX_PARTS = ('background', 'head', 'torso', 'upper arms', 'lower arms', 'upper legs', 'lower legs')

# PASCAL-Part's names of a person's parts -> index into SIX_PARTS. Limbs are named with l or r in front.
PART_IDS: dict[str, int] = {
    'head': 1, 'hair': 1, 'nose': 1, 'mouth': 1, 'torso': 2, 'neck': 2,
    **{side + part: merged for side in 'lr' for part, merged in (
        ('ear', 1), ('eye', 1), ('ebrow', 1), ('uarm', 3), ('larm', 4), ('hand', 4), ('uleg', 5), ('lleg', 6),
        ('foot', 6))}}

# Ids of PASCAL-Context's 459 classes whose name is also one of NYU's 894 classes, without 'unknown' (431) and with
# 'tvmonitor' (427). Normals that a network has learned on NYU are used only on regions of these classes. The loaders of
# ATRC, InvPT and the survey (SimonVandenhende/Multi-Task-Learning-PyTorch, ed3d9ac) use the same 170 ids.
NYU_SHARED = (
    3, 4, 6, 9, 10, 11, 13, 15, 17, 18, 22, 23, 29, 30, 33, 34, 36, 37, 38, 39, 41, 43, 46, 49, 50, 51, 53, 55, 56,
    59, 61, 62, 65, 66, 68, 69, 72, 73, 78, 83, 84, 85, 87, 88, 95, 96, 101, 104, 105, 107, 111, 113, 115, 122, 124,
    135, 141, 142, 143, 146, 150, 154, 157, 158, 159, 165, 172, 174, 181, 183, 184, 191, 193, 195, 197, 199, 202,
    213, 215, 216, 219, 220, 223, 225, 228, 230, 232, 233, 238, 239, 242, 243, 246, 250, 251, 252, 255, 260, 261,
    263, 269, 272, 273, 275, 281, 283, 284, 285, 286, 287, 288, 290, 291, 292, 293, 295, 304, 307, 309, 310, 314,
    315, 319, 323, 329, 330, 331, 336, 342, 345, 349, 350, 351, 352, 355, 357, 368, 370, 371, 374, 379, 380, 383,
    384, 397, 401, 403, 405, 407, 408, 411, 412, 413, 414, 417, 419, 421, 423, 427, 429, 430, 432, 440, 441,
    442, 443, 444, 446, 454, 457,
)
