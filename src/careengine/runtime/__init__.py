"""What everything stands on: settings, the database, clocks, ids, durable jobs, telemetry. No care in it."""
