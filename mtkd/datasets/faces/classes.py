"""Common classes for the labels of different data sets, so that one head can be trained on all of them.

Source: fact sheet 2.8. Other names in a data set are translated by its adapter's label maps, which a config can replace.
"""

GENDERS = ('male', 'female')
RACES = ('White', 'Black', 'Asian', 'Indian', 'Other')
EXPRESSIONS = ('angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral')  # FER-2013's order
AGE_LIMITS = (0.0, 100.0)  # years; values outside are clamped
