"""What may be trusted: the ledger and its proof, who read what, what may be read, and what may leave."""
