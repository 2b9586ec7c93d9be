"""What registration decides: insurance, checks, answers, intake; and what a payer answers. Pure."""
