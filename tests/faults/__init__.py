"""Wrong inputs of all commands, with the words that the answer must contain."""
