"""How a change gets made."""
