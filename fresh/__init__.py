"""Fresh: autonomous development agents under a money limit that cannot be crossed."""
