"""F8: the commands. A file declares its options and imports nothing heavy before they are parsed."""
