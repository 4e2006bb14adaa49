"""Floor 2: what is kept on the disk and looked up: names of entities, their vectors, the knowledge base."""
