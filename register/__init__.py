"""Record linkage and the statistical register of international migration."""
