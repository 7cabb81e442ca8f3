"""`fresh up`: what stays on a machine, each part watched over and started again when it dies."""
