"""What fills a shop: a catalogue from CSV, the toy store, and the data set "Online Retail"."""
