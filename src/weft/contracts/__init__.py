"""Contracts: what passes between the rooms. Product, table schemas, artefact layouts; no work is done here."""
