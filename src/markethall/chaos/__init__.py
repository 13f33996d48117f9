"""Buyers, faults and judges: whether the shop keeps its promises while its parts die."""
