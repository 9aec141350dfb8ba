"""Where a figure, a person or a link comes from: ``register explain PERSON | PAIR | CELL``.

    target    what was asked about
    weigh     the match weight of pairs, step by step
    pair      two identities: their weight, what became of them, what reviewers said
    verdicts  a person's movements, with why each is a migration or is not; timeline draws them
    records   a person's records, links and conflicts
    cell      a figure of the flows, the stock or a release: the units that it counts, back to record keys
    tell      all of it in sentences
    command   the command

Names and document numbers are not told: a link is explained by how alike two values are, not by the values.
"""
