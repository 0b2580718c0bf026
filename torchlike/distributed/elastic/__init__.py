"""torch.distributed.elastic: the launcher's inside, and how it reports failures."""
