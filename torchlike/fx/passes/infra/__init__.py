"""How passes are written and put in a row."""
