"""The benchmarks: each row beside its floor or a peer, measured in the same run. `python -m bench`."""
