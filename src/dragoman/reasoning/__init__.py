"""How much a model is to think, in each target's form, and the state it wants back to go on."""
