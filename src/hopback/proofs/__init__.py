"""Why to believe it: canonical JSON, the Merkle log, signed notes, checkpoints and proofs that stand alone."""
