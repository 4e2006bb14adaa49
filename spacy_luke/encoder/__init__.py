"""Floor 1: LUKE in pure torch. No spaCy, no Thinc; usable on its own."""
