"""How fast torchlike is, against torch and against JAX written by hand: `python -m benchmarks`."""
