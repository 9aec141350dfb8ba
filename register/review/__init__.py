"""Clerical review: which pairs are worth a reviewer's time, and the local page on which they are decided.

``queue`` picks the pairs and keeps what a page needs of them; ``records``, ``compare`` and ``journeys`` make one pair
legible; ``session`` is one reviewer's work over `register.decisions`; ``agreement`` and ``contradictions`` say how far
the decisions can be trusted; ``exchange`` serves those who review in a spreadsheet; ``app``, ``guard`` and ``serve``
are the page, its protection and its server.
"""
