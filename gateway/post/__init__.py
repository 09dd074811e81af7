"""Telling patrons by mail: notices from the register, words from the table, a mail server of the operator's."""
