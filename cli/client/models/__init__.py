"""What goes over the wire; each model in a module of its own, imported by whoever needs it."""
