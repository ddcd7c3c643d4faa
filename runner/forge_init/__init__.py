"""forge-init: the first process of a job's container, a static program in C, and how it comes to be on this machine."""
