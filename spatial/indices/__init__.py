"""Pure formulas on arrays and graphs: inequality, segregation, exchange, settlement types, resilience."""
