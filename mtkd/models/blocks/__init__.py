"""Building blocks that several backbones, necks and heads share."""
