"""Parts of what speaks to Prefect."""
