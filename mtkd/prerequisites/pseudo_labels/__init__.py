"""Labels that a teacher makes for samples that lack them: what a config asks for, making, keeping and serving them."""
