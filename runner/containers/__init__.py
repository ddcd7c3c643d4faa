"""The containers that a workflow asks for: ``container:`` and ``services:`` of a job.

``spec`` holds what is asked for, ``definition`` evaluates it, ``options``, ``volumes`` and ``ports`` judge and
translate it. ``job_set`` is what one job has of it on one engine: ``resources`` owns its network, volumes and
containers, ``services`` starts them and waits, ``relay`` brings their ports to localhost.
"""
