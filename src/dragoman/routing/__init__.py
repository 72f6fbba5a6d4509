"""Which upstreams serve a name, and in what order they are tried. Decides over plain records."""
