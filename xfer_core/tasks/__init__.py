"""What a model is tuned to do: one file a task."""
