"""The residence rule: from linked crossings to stays, migrations and who resided when.

Each table is one SQL file that holds one ``select`` over tables and views found by name;
:mod:`register.rules.residence` loads it and puts the parameters in::

    parameters = Parameters(rule=PRESETS["12-of-16"], observed_from=..., observed_until=..., country="COL")
    engine.write(residence.sql("movement", parameters), path)       # any way of running a select will do
    residence.create_tables(connection, STAYS, parameters)          # or a whole step, as temporary tables

The steps in order, with what each file reads. Tables in capitals are the contract between stages; the others
are intermediate, and each step makes those that it needs from the contract's tables.

======  =================  ========================================================================
step    table              reads
======  =================  ========================================================================
STAYS   passage            crossing, mention, membership, person, traveller_class
        presence           permit, birth, marriage, mention, membership, person
        leg                passage, presence, person
        gap                leg, permit, visa, mention, membership
        MOVEMENT           passage, leg, gap
        movement_conflict  passage, person (rule, person_id, record_id, detail: crossings after a death)
        initial_status     MOVEMENT, presence, person, permit, visa, mention, membership, permit_class,
                           visa_class (person_id, status, evidence, known_on)
        STAY               MOVEMENT, initial_status, person
EVENTS  presence           as above
        initial_status     as above
        history            MOVEMENT, initial_status, person
        spell              history
        search             spell
        decided            spell, search
        walk               decided
        late               walk
        ruling             walk, late
        day_count          spell
        VERDICT            ruling, day_count, history, MOVEMENT
        landmark           VERDICT, MOVEMENT, person, permit, visa, mention, membership
        forecast           landmark (person_id, seq, share): the baseline; register.estimate.outcome has a model
        outlook            VERDICT, forecast (person_id, seq, probability, probability_resident)
        migration          VERDICT, outlook (person_id, seq, direction, is_final, probability)
        EVENT              migration, MOVEMENT, person, visa, permit, mention, membership
RESIDE  residency          VERDICT, outlook, STAY, person
======  =================  ========================================================================

``traveller_class``, ``permit_class``, ``visa_class`` and ``age_group`` are the code lists, with their own
columns (in_scope; permits_residence; age_from, age_to) as text or typed.

A file of linked crossings is classified by itself by :func:`register.rules.classify.classify`.
"""
