"""CareEngine carries every patient to the next step, and can prove afterwards why everything happened."""
