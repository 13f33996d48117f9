"""What the shop is compared with: the usual design, and the floor that none of them can pass."""
