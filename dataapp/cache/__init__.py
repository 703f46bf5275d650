"""Results that sessions share."""
