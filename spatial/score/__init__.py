"""The four pillars of integration: what each consists of in every unit, its level and its gap."""
