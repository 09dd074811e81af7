"""The NCIP door: library systems ask the register, and are asked and told by us."""
