"""Models: trained, evaluated and deployed by their own code, which scores batches of rows."""
