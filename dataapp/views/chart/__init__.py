"""Charts over relations: the user's Altair chart, of which the engine sends only what the picture needs."""
