"""The event kernel of Nexoraz. It knows messages; it knows no service and no web framework."""
