"""What is seen: table explorers, charts and the cards around them."""
