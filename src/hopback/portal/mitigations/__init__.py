"""What providers did about the traffic."""
