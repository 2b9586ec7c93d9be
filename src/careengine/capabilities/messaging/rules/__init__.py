"""Pure rules of messaging: whom to write to, how, when, in which words, and what an answer belongs to."""
