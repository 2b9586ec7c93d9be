"""Change the rules safely: what a draft would have done, and what follows from it."""
