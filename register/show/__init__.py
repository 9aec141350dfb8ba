"""What the commands print, by families as in `register.cli`: data on stdout, narration on stderr."""

#: Half an interval of 95% in standard errors.
INTERVAL_95 = 1.96
