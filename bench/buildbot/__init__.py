"""Buildbot, without containers, as a peer: installed when it is first needed, in an environment of its own."""
