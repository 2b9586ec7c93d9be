"""The questions a referral raises, one file each. Pure."""
