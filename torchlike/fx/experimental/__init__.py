"""What torch.fx has besides: shapes as symbols (all are numbers here), and optimizations."""
