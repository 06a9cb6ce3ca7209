"""The experiments, one a file; each has one ``EXPERIMENT``; what that is says ``proof/experiment.py``."""
