"""Who may speak and for whom, shared by the doors: machine secrets, networks, certificates."""
