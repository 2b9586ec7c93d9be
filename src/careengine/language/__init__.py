"""Reading what people write: words, misspellings, denials, days and times. Pure, standard library only."""
