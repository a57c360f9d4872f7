"""What is owed later, as rows with a due time."""
