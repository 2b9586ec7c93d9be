"""Referrals: is it clear who is meant, what is asked, what is missing, how urgent it is, and what the sender is told."""
