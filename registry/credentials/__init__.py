"""PINs, passwords and identity numbers: hashing, peppers by id, encryption, the positive cache, the bounded pool."""
