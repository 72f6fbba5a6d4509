"""The hub's vocabulary: what every protocol is read into and rendered from. Imports nothing of ours
but the error tree."""
