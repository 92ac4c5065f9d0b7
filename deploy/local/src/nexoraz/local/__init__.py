"""The whole suite on one machine, from wheels: starters for the real parts and the supervisor behind `make run`."""
