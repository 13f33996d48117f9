"""Who makes the load. Each is a process of its own, whose CPU is told apart from the shop's."""
