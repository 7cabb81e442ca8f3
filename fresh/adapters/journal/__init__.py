"""The parts of the SQL journal: its tables, its connection, and the window that `status` looks through."""
