"""How the outside reaches the rules: policies become values, charts become facts, questions leave."""
