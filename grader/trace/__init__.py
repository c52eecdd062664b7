"""What a replay showed: records of its steps, and the state of machine and kernel that follows from them."""
