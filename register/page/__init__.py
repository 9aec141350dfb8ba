"""Pages that need no other file: accessible HTML, and charts as SVG text.

html    a page with its style, and a table
svg     what every chart is drawn with: accessible frame, text, lines, round scales, numbers
"""
