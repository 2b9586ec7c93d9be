"""Cards for people: in which order, whose, put aside, answered, taken back, pushed up."""
