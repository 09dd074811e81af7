"""What an operator writes down: settings of the daemon and its partners, read whole and refused whole."""
