"""The pages as a browser sees them: a seeded server, Chromium and Firefox, a runner that talks."""
