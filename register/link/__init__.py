"""Who is one person: from identities to pairs, clusters and persons.

Three stages of the pipeline live here. Each takes a DuckDB connection, reads tables or views by name and
creates tables by name in that connection; reading and writing Parquet is the caller's. They follow one another so:

    rules, declaration        people.toml: blocks, comparisons, weights
    predict                   forms, block, score (weigh, conditions): pairs of forms, then of identities; reuse
    resolve                   edges (clusters, records, journeys), itinerary (impossible), cut, persons
    redraw                    doubt: other linkages that the pairs allow
    train, labels, confidence where weights come from, and how far to trust what they give

``predict(con, rules, announce=...) -> PredictReport``
    reads ``identity``; creates ``pair`` (identity_id_l < identity_id_r, match_weight in bits rounded to
    four decimals, match_probability, match_key: the block that found the pair, gamma_*: the level of each
    comparison). Raises `QualityError` when a weight is untrained or a block is too large.

``resolve(con, rules, itinerary, key) -> ResolveReport``
    reads ``identity``, ``pair``, ``mention`` and the source tables (``crossing``, ``visa``, ``permit``,
    ``birth``, ``death``, ``marriage``; an absent one counts as empty), and if they exist ``decision``
    (source_l, record_key_l, role_l, source_r, record_key_r, role_r, judgement 'same'/'different'; the last
    row for a pair holds, in order of its column ``position``), ``previous_membership``, ``previous_person`` and
    ``previous_mention`` (of the run before: what its records said when its persons were resolved). Creates
    ``membership``, ``person``, ``conflict`` and ``person_change``.

``redraw(con, rules, itinerary, draws, seed) -> RedrawReport``
    reads what ``resolve`` reads, ``membership`` and ``conflict``; creates ``drawn_membership``, ``drawn_person`` and
    ``linkage_change``: who has other company in which of so many other linkages that the pairs allow.

``load_rules(people.toml)``, ``load_itinerary(itinerary.toml)``
    read the declarations; weights and frequencies (``people.weights.toml``, ``people.frequencies.csv``) are
    found beside ``people.toml``. Raise `DeclarationError`.

``train(con, rules) -> TrainReport``
    reads ``identity``; returns the estimated weights, what moved, and the text of both files.

``confidence.expect(con)``, ``confidence.combine(strata)``
    say how far to trust a linkage without truth: from the model's probabilities (also in ``ResolveReport``), and from
    ``strata.sample(con, secret)``, the reviewed pairs that count as a random sample, with intervals.

``key`` is the project's secret for opaque ids, any string. Reports are frozen dataclasses of counts only.
"""

from __future__ import annotations
