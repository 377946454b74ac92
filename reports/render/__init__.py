"""From an executed notebook to finished documents."""
