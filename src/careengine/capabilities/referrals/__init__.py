"""Referrals: who is meant, what is asked, what is missing, how urgent it is, what the sender is told."""
