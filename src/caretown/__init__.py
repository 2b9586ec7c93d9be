"""A synthetic town that plays senders, partners and staff over the real wires, and owns the stepped clock."""
