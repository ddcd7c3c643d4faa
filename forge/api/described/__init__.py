"""What the description of the API says of bodies, parameters and statuses, as data: ``schemas.yml`` has the shapes,
and each other file the operations of an area, in the notation of ``notation.py``.

The generator knows paths, their parts and what each call is for; this adds the rest. Examples are answers that were
checked (``scripts/endpoint_tables.py``).
"""
