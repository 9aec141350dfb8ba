"""How good a run's linkage is, and where to look: ``register diagnose``.

    measure   the walk: everything that is measured of a run, as plain numbers
    blocking  what each block costs and finds
    model     the weights, what the data say of them, and identities that cannot be linked
    clusters  sizes and shapes of persons, and the bridges that hold them together
    trust     precision and recall by stratum, promised and reviewed
    before    the run before, beside this one
    page      all of it as a page with charts

No name and no document number leaves this package: of a block's values it tells how many share them, never which.
"""
