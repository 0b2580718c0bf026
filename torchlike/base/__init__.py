"""dtypes, devices, sizes, flags and errors: what every other layer may use. Knows only jax and numpy."""
