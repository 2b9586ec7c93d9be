"""How the outside reaches the rules: policies become values, schedules become facts, bookings leave."""
