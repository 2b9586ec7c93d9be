"""Watch over the work: change rules safely, see whether patients reach the end, learn from corrections."""
