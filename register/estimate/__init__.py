"""Figures from an incomplete register: what nobody wrote down, what is not yet known, what linkage left in doubt.

Stands between the rule and the releases: it applies the rule (``register.rules``) to completed registers, and hands to
releases what they count. In order::

    linkage               people whom other linkages make, beside those of the register
    observed, subject     what was seen of each person, and what is known of her beforehand
    histories, chain      histories of people, and the model of missing crossings
    passage, sampler      the chances to go unseen, and complete lives drawn from what was seen
    kinds, fit            the numbers of the model, estimated from the register itself
    tally, count, trends  what complete lives show of these numbers
    complete              m draws of what is missing
    derive                the rule applied to each, some of the people at a time
    outcome               what crossings not yet decided will turn out to be
    flow, stock, account  what is counted in each draw
    figures               the mean over draws, beside the plain rule, with the error of each kind

Besides them ``backtest`` repeats past cut-offs, and ``coverage`` tells how many people two lists miss together.
"""
