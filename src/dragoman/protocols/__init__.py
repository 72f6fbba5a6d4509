"""The five wire protocols, each knowing itself and the neutral model, nothing else.

Pure: no I/O, no clock, no randomness, no settings; those arrive as arguments. In every package the
files stand in the same order: wire (tables), requests_in (client body → neutral), requests_out
(neutral → upstream body), events_in (upstream stream and answer → events), events_out (events →
client stream), responses (whole answers → client body), errors, listings (models, embeddings,
token counts), codec (the package's one door).
"""
