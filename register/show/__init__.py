"""What the commands print, by families as in `register.cli`: data on stdout, narration on stderr."""
