"""The life of a call: ARI, media, bot, voice, hand-over, PBX configuration."""
