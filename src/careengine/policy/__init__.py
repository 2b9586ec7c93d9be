"""Rules, numbers, deadlines, owners and wording as dated data: checked, published, looked up."""
