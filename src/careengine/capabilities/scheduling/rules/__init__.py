"""The questions a visit raises, from the first offer to the kept visit, one file each. Pure."""
