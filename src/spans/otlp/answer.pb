
too old