"""Stand-ins for the services, on loopback: the demo and the end-to-end tests run on them.

Each answers over HTTP as its service does (``FACTS``: the quirks of the services that integrations trip over), from
plain data that its caller changes between two syncs. None of them is part of a real sync.
"""
