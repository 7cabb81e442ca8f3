"""What the engine tells models, as texts."""
