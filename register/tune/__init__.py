"""What other linkage rules would do, before anybody builds with them: ``register tune``.

    changes   the rules proposed: a file, or settings of the rules at hand
    sample    a part of the register that both rules can be tried on: persons with all that either would join to them
    trial     both rules on that part, side by side
    outcome   which pairs change sides, which persons merge or split, what happens to the flows
    tell      all of it in words
    command   the command line's side; ``web`` the page's

Nothing is written: not to the run, not to the rules.
"""
