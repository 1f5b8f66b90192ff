"""The life of an order: intake, progress, the hub.

``intake.IntakeDesk`` receives, ``progress.Progress`` looks up, ``hub`` delivers;
``reference_hub`` is the other end, a service of its own.
"""
