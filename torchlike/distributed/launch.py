"""torch.distributed.launch, the launcher's older name."""

from __future__ import annotations

from torchlike.distributed.run import main

if __name__ == "__main__":
    main()
