"""Every sentence that a patron reads, by language."""
