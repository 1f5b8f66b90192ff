"""Orders, institutions, people and duties in and out: JSON Lines and XLSX."""
