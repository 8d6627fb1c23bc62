"""VibeVoice-Realtime as plain torch modules with explicit state."""
