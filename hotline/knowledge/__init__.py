"""Answers, statutes and offices: plain files a lawyer can edit, validated, searched and spoken."""
