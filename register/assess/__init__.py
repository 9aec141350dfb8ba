"""What each source is fit for: measured on its extracts, declared by its keepers, judged by published thresholds.

declaration     schemas/indicators.toml: what is measured, and the thresholds
questionnaire   schemas/questionnaire.toml and an office's answers: what cannot be measured
gauge           extracts -> tallies and facts, block by block: one pass, no name kept; with cells, people, digits
measures        tallies and facts -> indicators that need no linkage
series          monthly counts: breaks; posts that stopped
linkage         tables of a run -> indicators of what was linked
verdict         indicators -> direct use, use with correction, auxiliary, not usable; source x official table
findings        the few things that matter, in sentences
assess          the whole, kept in assessments/<name>/
compare         two dates, several countries
report, charts  the page; labels: the words of it
command         what the command line does
"""
