"""Settings of symbolic shapes; there are none here that they would change."""

use_duck_shape = True
translation_validation = False
enrich_profiler_metadata = False
