"""Norms with their legal force: the register, which of them bind, what they are judged on, and the verdict."""
