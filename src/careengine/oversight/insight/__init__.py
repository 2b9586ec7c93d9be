"""Do patients reach the end, where do they fall out, what did it take: figures from the log of events."""
