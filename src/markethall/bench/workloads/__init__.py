"""What buyers do. A workload is prepared once (goods, users), and then loads the shop as often as there are rounds."""
