"""Set-up in steps that are skipped when done, the machine's packages, secrets, and the doctor."""
